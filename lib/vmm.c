// SPDX-License-Identifier: MIT
/* A vGPU as a VMM is told about it: libvirt's XML, QEMU's arguments. */
#include <stdio.h>
#include <string.h>
#include "objects.h"

#define PCI_DEVICES	"/sys/bus/pci/devices/"
#define QEMU_MAX_DOMAIN	0xffff		/* as much as its host= takes everywhere */

/* What is handed over: a PCI function, or else an mdev by its uuid. */
struct handover {
	bool is_pci;
	unsigned int domain, bus, slot, function;
};

/* By the device that a VMM opens: a vGPU on a VF may be an mdev all the same. */
static struct handover handover_of(struct nvvgpu_vgpu *vgpu)
{
	const char *vfio = nvvgpu_vgpu_get_vfio(vgpu);
	struct handover to = { .is_pci = false };

	if (!strncmp(vfio, PCI_DEVICES, strlen(PCI_DEVICES)))
		to.is_pci = sscanf(vfio + strlen(PCI_DEVICES), "%x:%x:%x.%x", &to.domain, &to.bus,
				   &to.slot, &to.function) == 4;
	return to;
}

static int give(int length, char *text, char **ret)
{
	if (length < 0)
		return error_nomem();
	*ret = text;
	return 0;
}

/* managed='yes' would have libvirt take the function away from the driver that makes it a vGPU. */
NVVGPU_EXPORT int nvvgpu_vgpu_to_libvirt_xml(struct nvvgpu_vgpu *vgpu, char **ret)
{
	struct handover to = handover_of(vgpu);
	char *text;
	int length;

	if (to.is_pci)
		length = asprintf(&text,
				  "<hostdev mode='subsystem' type='pci' managed='no'>\n"
				  "  <source>\n"
				  "    <address domain='0x%04x' bus='0x%02x' slot='0x%02x' "
				  "function='0x%x'/>\n"
				  "  </source>\n"
				  "</hostdev>\n", to.domain, to.bus, to.slot, to.function);
	else
		length = asprintf(&text,
				  "<hostdev mode='subsystem' type='mdev' managed='no' "
				  "model='vfio-pci'>\n"
				  "  <source>\n"
				  "    <address uuid='%s'/>\n"
				  "  </source>\n"
				  "</hostdev>\n", nvvgpu_vgpu_get_uuid(vgpu));
	return give(length, text, ret);
}

NVVGPU_EXPORT int nvvgpu_vgpu_to_qemu_args(struct nvvgpu_vgpu *vgpu, char **ret)
{
	struct handover to = handover_of(vgpu);
	char *text;
	int length;

	if (to.is_pci && to.domain <= QEMU_MAX_DOMAIN)
		length = asprintf(&text, "-device vfio-pci,host=%04x:%02x:%02x.%x", to.domain,
				  to.bus, to.slot, to.function);
	else
		length = asprintf(&text, "-device vfio-pci,sysfsdev=%s",
				  nvvgpu_vgpu_get_vfio(vgpu));
	return give(length, text, ret);
}

/* The daemon of NVIDIA's mdev driver looks for it on the command line of the VMM. */
NVVGPU_EXPORT bool nvvgpu_vgpu_needs_vm_uuid(struct nvvgpu_vgpu *vgpu)
{
	return nvvgpu_gpu_get_framework(nvvgpu_vgpu_get_gpu(vgpu)) == NVVGPU_FRAMEWORK_MDEV;
}
