// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	pluginapi "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"

	"nvvgpu"
)

// metrics are what Prometheus reads.  What can be counted now is worked out at each reading.
type metrics struct {
	plugin        *plugin
	registry      *prometheus.Registry
	allocations   *prometheus.CounterVec
	releases      *prometheus.CounterVec
	registrations *prometheus.CounterVec
	sent          *prometheus.CounterVec
	failures      prometheus.Counter
}

var (
	devicesDesc = prometheus.NewDesc("nvvgpu_k8s_devices",
		"Devices, by what can be done with them.", []string{"resource", "gpu", "state"}, nil)
	vgpuDesc = prometheus.NewDesc("nvvgpu_k8s_vgpu_info",
		"vGPUs that were made for containers; always 1.",
		[]string{"resource", "device", "uuid", "gpu", "vf", "namespace", "pod", "container"}, nil)
	framebufferDesc = prometheus.NewDesc("nvvgpu_gpu_framebuffer_bytes",
		"Framebuffer of a GPU that vGPUs can share.", []string{"gpu", "state"}, nil)
	vgpusDesc = prometheus.NewDesc("nvvgpu_gpu_vgpus",
		"vGPUs of a GPU, whoever made them.", []string{"gpu", "mode"}, nil)
	upDesc = prometheus.NewDesc("nvvgpu_gpu_up",
		"Whether the driver of a GPU answers.", []string{"gpu", "name", "framework", "reason"}, nil)
)

func newMetrics(p *plugin) *metrics {
	m := &metrics{plugin: p, registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.allocations = counter("nvvgpu_k8s_allocations_total",
		"Requests for devices, by result: ok, or the reason of the failure.", "resource", "result")
	m.releases = counter("nvvgpu_k8s_releases_total",
		"vGPUs destroyed since no pod had them any more, by result: ok or failed.", "result")
	m.registrations = counter("nvvgpu_k8s_registrations_total",
		"Registrations at the kubelet.", "resource")
	m.sent = counter("nvvgpu_k8s_lists_sent_total",
		"Lists of devices sent to the kubelet.", "resource")
	m.failures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nvvgpu_k8s_look_failures_total", Help: "Failures to find out what GPUs have."})
	m.registry.MustRegister(m.failures, m, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) allocated(resource string, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	var e *nvvgpu.Error
	if errors.As(err, &e) {
		result = e.Reason.String()
	}
	m.allocations.WithLabelValues(resource, result).Inc()
}

func (m *metrics) released(result string) { m.releases.WithLabelValues(result).Inc() }

// Describe is for Prometheus.
func (m *metrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- devicesDesc
	descs <- vgpuDesc
	descs <- framebufferDesc
	descs <- vgpusDesc
	descs <- upDesc
}

// Collect is for Prometheus.
func (m *metrics) Collect(values chan<- prometheus.Metric) {
	p := m.plugin
	p.mutex.Lock()
	defer p.mutex.Unlock()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		values <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	leases := p.node.Leases()
	leased := keysOf(leases)
	for _, lease := range leases {
		var who holder
		if t := p.tenants[lease.Key]; t != nil {
			who = t.holder
		}
		name, _ := p.list.of(lease.Key)
		gauge(vgpuDesc, 1, name, lease.Key, lease.UUID, lease.GPU, lease.VF,
			who.namespace, who.pod, who.container)
	}
	for name, devices := range p.list {
		for key, n := range countDevices(devices, leased) {
			gauge(devicesDesc, float64(n), name, key.gpu, key.state)
		}
	}
	for _, gpu := range p.gpus {
		up := 0.0
		if gpu.Err == nil && gpu.Reason == nvvgpu.ReasonNone {
			up = 1
			gauge(vgpusDesc, float64(len(gpu.VGPUs)), gpu.Address, gpu.Mode.String())
		}
		gauge(upDesc, up, gpu.Address, gpu.Name, gpu.Framework.String(), gpu.Reason.String())
		for statistic, state := range map[nvvgpu.Statistic]string{
			nvvgpu.StatFramebufferTotalBytes: "total", nvvgpu.StatFramebufferFreeBytes: "free"} {
			if bytes, ok := gpu.Stats[statistic]; ok {
				gauge(framebufferDesc, float64(bytes), gpu.Address, state)
			}
		}
	}
}

type deviceCount struct{ gpu, state string }

func countDevices(devices []*pluginapi.Device, leased map[string]bool) map[deviceCount]int {
	counts := make(map[deviceCount]int)
	for _, d := range devices {
		state := stateOf(d, leased[d.ID])
		if id, err := parseDeviceID(d.ID); err == nil {
			counts[deviceCount{id.gpu, state}]++
		}
	}
	return counts
}

// handler answers /metrics, and /healthz as long as the plugin looks at its GPUs.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		age := time.Since(time.Unix(0, m.plugin.looked.Load()))
		if age > 3*m.plugin.options.interval+time.Minute {
			http.Error(w, "nobody has looked at the GPUs for "+age.String(),
				http.StatusServiceUnavailable)
		}
	})
	return mux
}
