// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Parameters of a vGPU: "key=value,key=value" (kernel.md names the known keys). */
#include "internal.h"

struct span {
	size_t start;
	size_t len;
};

static bool is_key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

static bool is_value_char(char c)
{
	return c >= 0x20 && c <= 0x7e && c != ',';
}

/* Is the key seen before among params[0..key.start)?  Those entries are known to be well formed. */
static bool key_seen(const char *params, const struct span *key)
{
	size_t at = 0;

	while (at < key->start) {
		const char *equals = memchr(params + at, '=', key->start - at);
		const char *comma = memchr(params + at, ',', key->start - at);

		if ((size_t)(equals - params) - at == key->len &&
		    !memcmp(params + at, params + key->start, key->len))
			return true;
		at = (size_t)(comma - params) + 1;
	}
	return false;
}

/* One "key=value" from *at; *at becomes the first byte after it, or the byte that is wrong. */
static int check_entry(const char *params, size_t len, size_t *at)
{
	struct span key = { .start = *at };
	size_t value;

	while (*at < len && is_key_char(params[*at]) && *at - key.start < MGR_PARAM_KEY_MAX)
		(*at)++;
	key.len = *at - key.start;
	if (!key.len || *at == len || params[*at] != '=')
		return -EINVAL;
	if (key_seen(params, &key)) {
		*at = key.start;
		return -EINVAL;
	}
	value = ++(*at);
	while (*at < len && is_value_char(params[*at]) && *at - value < MGR_PARAM_VALUE_MAX)
		(*at)++;
	if (*at == value || (*at < len && params[*at] != ','))
		return -EINVAL;
	return 0;
}

int mgr_params_check(const char *params, size_t len, size_t *ret_offset)
{
	size_t at = 0;

	if (!len)
		return 0;
	if (len >= NVVGPU_PARAMS_LEN) {
		*ret_offset = NVVGPU_PARAMS_LEN - 1;
		return -EINVAL;
	}
	for (;;) {
		if (check_entry(params, len, &at)) {
			*ret_offset = at;
			return -EINVAL;
		}
		if (at == len)
			return 0;
		at++;	/* the comma; another entry has to follow */
	}
}

bool mgr_params_is_one(const char *params, const char *key)
{
	size_t len = strlen(key);
	const char *at = params;

	while (at) {
		if (!strncmp(at, key, len) && at[len] == '=')
			return at[len + 1] == '1' && (!at[len + 2] || at[len + 2] == ',');
		at = strchr(at, ',');
		if (at)
			at++;
	}
	return false;
}

int mgr_params_set(struct nvvgpu_mgr *mgr, u32 id, const char *params, struct mgr_why *why)
{
	struct nvvgpu_mgr_vgpu *vgpu;
	size_t offset;
	int err;

	if (mgr_params_check(params, strlen(params), &offset))
		return mgr_fail(why, NVVGPU_WHY_PARAMS, offset, -EINVAL);

	mutex_lock(&mgr->lock);
	err = mgr_vgpu_find_closed(mgr, id, &vgpu, why);
	if (!err) {
		strscpy(vgpu->params, params, sizeof(vgpu->params));
		mgr_event_add(mgr, NVVGPU_EVENT_PARAMS, vgpu, 0);
	}
	mutex_unlock(&mgr->lock);
	mgr_event_wake(mgr);
	return err;
}
