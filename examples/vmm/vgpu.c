// SPDX-License-Identifier: MIT
/* The vGPU of a guest, by way of the library. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "vmm.h"

/* A QEMU that was killed closes its devices a moment later. */
#define BUSY_SECONDS 20
#define BUSY_PAUSE_NS 50000000

static bool is_same(const char *wanted, const char *have)
{
	return !*wanted || !strcmp(wanted, have ? have : "");
}

static const char *device_of(struct nvvgpu_gpu *gpu)
{
	return nvvgpu_gpu_get_framework(gpu) == NVVGPU_FRAMEWORK_MDEV ? "mdev" : "VF";
}

/*
 * A state goes only where it came from: the same board under the same driver.  An mdev and a VF are
 * not the same PCI function to a guest, so QEMU refuses one's state for the other.
 */
static bool fits(struct json_object *config, struct nvvgpu_gpu *gpu)
{
	return is_same(json_text(config, KEY_BOARD), nvvgpu_gpu_get_name(gpu)) &&
	       is_same(json_text(config, KEY_DRIVER), nvvgpu_gpu_get_driver_version(gpu)) &&
	       is_same(json_text(config, KEY_DEVICE), device_of(gpu));
}

static int describe(struct guest *guest, struct json_object *config, struct nvvgpu_spec **ret)
{
	struct nvvgpu_spec *spec;
	int err;

	err = nvvgpu_spec_new(&spec);
	if (err)
		return err;
	err = nvvgpu_spec_set_type(spec, json_text(config, KEY_TYPE));
	if (!err)
		err = nvvgpu_spec_set_uuid(spec, json_text(config, KEY_UUID));
	if (!err)
		err = nvvgpu_spec_set_owner(spec, guest->state->owner);
	if (err)
		nvvgpu_spec_free(spec);
	else
		*ret = spec;
	return err;
}

/* On the first GPU that takes it.  *error is why the last one did not, to be freed. */
static int create_somewhere(struct json_object *config, struct nvvgpu_gpu_list *gpus,
			    struct nvvgpu_spec *spec, struct nvvgpu_error **error,
			    struct nvvgpu_vgpu **ret)
{
	struct nvvgpu_gpu *gpu;

	for (size_t i = 0; (gpu = nvvgpu_gpu_list_get(gpus, i)); i++) {
		if (!is_same(json_text(config, KEY_GPU), nvvgpu_gpu_get_address(gpu)) ||
		    !fits(config, gpu))
			continue;
		if (!nvvgpu_create(gpu, spec, ret))
			return 0;
		nvvgpu_error_free(*error);
		*error = NULL;
		if (nvvgpu_error_copy(nvvgpu_last_error(), error))
			fail_memory();
	}
	return -1;
}

static int not_created(struct guest *guest, struct json_object *config,
		       const struct nvvgpu_error *error)
{
	const char *driver = json_text(config, KEY_DRIVER);
	const char *device = json_text(config, KEY_DEVICE);

	if (error)
		return fail_error(error);
	if (*json_text(config, KEY_BOARD))
		return fail(ENODEV, NVVGPU_REASON_MISMATCH_BOARD, guest->name,
			    "'nvvgpu gpus' shows what there is",
			    "no GPU here has vGPUs like the saved one: %s, driver %s, %s",
			    json_text(config, KEY_BOARD), *driver ? driver : "of an unknown version",
			    *device ? device : "of an unknown kind");
	return fail(ENODEV, NVVGPU_REASON_NOT_FOUND, guest->name,
		    "'nvvgpu gpus' shows what there is", "there is no GPU%s%s",
		    *json_text(config, KEY_GPU) ? " " : "", json_text(config, KEY_GPU));
}

/* Asks the device itself, while QEMU does not have it yet. */
static int find_out(struct guest *guest, struct json_object *config, struct nvvgpu_vgpu *vgpu)
{
	struct nvvgpu_gpu *gpu = nvvgpu_vgpu_get_gpu(vgpu);
	struct nvvgpu_device *device;

	if (nvvgpu_device_open(vgpu, &device))
		return fail_library();
	json_object_object_add(config, KEY_MIGRATABLE,
			       json_object_new_boolean(nvvgpu_device_is_migratable(device)));
	nvvgpu_device_unref(device);
	config_set(config, KEY_TYPE, nvvgpu_vgpu_get_type_name(vgpu));
	config_set(config, KEY_BOARD, nvvgpu_gpu_get_name(gpu));
	config_set(config, KEY_DRIVER, nvvgpu_gpu_get_driver_version(gpu));
	config_set(config, KEY_DEVICE, device_of(gpu));
	json_object_object_del(config, KEY_GPU);	/* where it is now says the vGPU itself */
	return guest_write(guest);
}

int vgpu_create(struct guest *guest, struct nvvgpu_vgpu **ret)
{
	struct json_object *config = config_vgpu(guest->config);
	struct nvvgpu_gpu_list *gpus;
	struct nvvgpu_error *error = NULL;
	struct nvvgpu_vgpu *vgpu = NULL;
	struct nvvgpu_spec *spec;
	int code;

	if (describe(guest, config, &spec))
		return fail_library();
	if (nvvgpu_gpu_list(guest->state->host, &gpus)) {
		code = fail_library();
		nvvgpu_spec_free(spec);
		return code;
	}
	code = create_somewhere(config, gpus, spec, &error, &vgpu) ?
		       not_created(guest, config, error) : find_out(guest, config, vgpu);
	nvvgpu_error_free(error);
	nvvgpu_gpu_list_unref(gpus);
	nvvgpu_spec_free(spec);
	if (code)
		nvvgpu_vgpu_unref(vgpu);
	else
		*ret = vgpu;
	return code;
}

static int destroy(const struct state *state, struct nvvgpu_vgpu *vgpu)
{
	int64_t end = now_ns() + BUSY_SECONDS * NS_PER_SECOND;
	int err;

	while ((err = nvvgpu_destroy_as(vgpu, state->owner, 0, NULL)) == -EBUSY && now_ns() < end)
		nanosleep(&(struct timespec){ .tv_nsec = BUSY_PAUSE_NS }, NULL);
	return err ? fail_library() : 0;
}

int vgpu_destroy(struct guest *guest)
{
	struct json_object *config = config_vgpu(guest->config);
	struct nvvgpu_vgpu *vgpu;
	int err, code = 0;

	if (!config)
		return 0;
	err = nvvgpu_vgpu_lookup(guest->state->host, json_text(config, KEY_UUID), &vgpu);
	if (err == -ENODEV)
		return 0;
	if (err)
		return fail_library();
	/* whose uuid the description names may be somebody else's by now */
	if (!strcmp(nvvgpu_vgpu_get_owner(vgpu), guest->state->owner))
		code = destroy(guest->state, vgpu);
	nvvgpu_vgpu_unref(vgpu);
	return code;
}

/* The vGPUs are listed first: one that is made meanwhile is not among them. */
int vgpu_sweep(const struct state *state, unsigned int *count)
{
	struct nvvgpu_vgpu_list *vgpus;
	struct nvvgpu_vgpu *vgpu;
	int code = 0;

	if (nvvgpu_vgpu_list_all(state->host, &vgpus))
		return fail_library();
	for (size_t i = 0; (vgpu = nvvgpu_vgpu_list_get(vgpus, i)); i++) {
		bool claimed;
		int failed;

		if (strcmp(nvvgpu_vgpu_get_owner(vgpu), state->owner))
			continue;
		failed = state_claims(state, nvvgpu_vgpu_get_uuid(vgpu), &claimed);
		if (!claimed) {
			failed = destroy(state, vgpu);
			*count += !failed;
		}
		code = failed ?: code;
	}
	nvvgpu_vgpu_list_unref(vgpus);
	return code;
}
