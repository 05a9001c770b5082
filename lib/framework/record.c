// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "framework/parse.h"
#include "framework/record.h"
#include "os/run.h"
#include "util/text.h"

#define HEAD		"nvvgpu-record 1\n"
#define COMPLETE	".vgpu"
#define INCOMPLETE	".creating"

static void name_of(char name[RUN_NAME_LEN], const char *key, const char *suffix)
{
	snprintf(name, RUN_NAME_LEN, "%.*s%s", RECORD_KEY_LEN - 1, key, suffix);
}

/* ------------------------------------------------------------------- format */

static int compose(const struct record *record, char *text, size_t size)
{
	char uuid[37];
	int len;

	uuid_format(record->uuid, uuid);
	len = snprintf(text, size, HEAD "gpu %s\nuuid %s\ntype %u\nowner %s\nparams %s\n",
		       record->gpu, uuid, record->type_id, record->owner, record->params);
	if (record->has_placement && len > 0 && (size_t)len < size)
		len += snprintf(text + len, size - len, "placement %u\n", record->placement);
	if (len > 0 && (size_t)len < size)
		len += snprintf(text + len, size - len, "end\n");
	return len > 0 && (size_t)len < size ? 0 : -E2BIG;
}

/* The value of "<key> " up to the end of its line; false: there is none, or it is too long */
static bool value_of(const char *text, const char *key, char *buf, size_t size)
{
	size_t key_len = strlen(key), len;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_len) || line[key_len] != ' ')
			continue;
		line += key_len + 1;
		len = strcspn(line, "\n");
		if (len >= size)
			return false;
		memcpy(buf, line, len);
		buf[len] = '\0';
		return text_is_clean(buf);
	}
	return false;
}

static bool ends_whole(const char *text)
{
	size_t len = strlen(text);

	return len >= 5 && !strcmp(text + len - 5, "\nend\n");
}

static int take_apart(const char *text, struct record *record)
{
	char uuid[40], number[16];

	if (strncmp(text, HEAD, strlen(HEAD)) || !ends_whole(text) ||
	    !value_of(text, "gpu", record->gpu, sizeof(record->gpu)) ||
	    !value_of(text, "uuid", uuid, sizeof(uuid)) ||
	    uuid_parse_text(uuid, record->uuid) || uuid_is_null(record->uuid) ||
	    !value_of(text, "type", number, sizeof(number)) ||
	    parse_u32(number, &record->type_id) || !record->type_id ||
	    !value_of(text, "owner", record->owner, sizeof(record->owner)) ||
	    !value_of(text, "params", record->params, sizeof(record->params)))
		return -ENOENT;
	record->has_placement = value_of(text, "placement", number, sizeof(number)) &&
				!parse_u32(number, &record->placement);
	return 0;
}

/* ------------------------------------------------------------------ records */

static int read_named(struct os *os, const char *key, bool complete, struct record *record)
{
	char name[RUN_NAME_LEN], text[RUN_TEXT_LEN];
	int err;

	name_of(name, key, complete ? COMPLETE : INCOMPLETE);
	err = run_read(os->ops->run(os), name, text, sizeof(text));
	if (err)
		return err == -EMSGSIZE ? -ENOENT : err;
	*record = (struct record){ .complete = complete };
	text_copy(record->key, sizeof(record->key), key);
	return take_apart(text, record);
}

/* An incomplete one is the younger of two. */
int record_read(struct os *os, const char *key, struct record *ret)
{
	struct record record;
	int err = read_named(os, key, false, &record);

	if (err == -ENOENT)
		err = read_named(os, key, true, &record);
	if (err == -ENOENT)	/* completed between the two */
		err = read_named(os, key, false, &record);
	if (!err)
		*ret = record;
	return err;
}

int record_write(struct os *os, const struct record *record)
{
	char name[RUN_NAME_LEN], text[RUN_TEXT_LEN];
	int err;

	err = compose(record, text, sizeof(text));
	if (err)
		return err;
	name_of(name, record->key, INCOMPLETE);
	return run_write(os->ops->run(os), name, text);
}

int record_begin(struct os *os, const char *key, const char *gpu,
		 const struct framework_request *request)
{
	struct record record = {
		.type_id = request->type->id,
		.has_placement = request->has_placement,
		.placement = request->placement,
	};

	text_copy(record.key, sizeof(record.key), key);
	text_copy(record.gpu, sizeof(record.gpu), gpu);
	memcpy(record.uuid, request->uuid, sizeof(record.uuid));
	text_copy(record.owner, sizeof(record.owner), request->owner);
	text_copy(record.params, sizeof(record.params), request->params);
	return record_write(os, &record);
}

int record_complete(struct os *os, const char *key)
{
	char from[RUN_NAME_LEN], to[RUN_NAME_LEN];

	name_of(from, key, INCOMPLETE);
	name_of(to, key, COMPLETE);
	return run_rename(os->ops->run(os), from, to);
}

int record_remove(struct os *os, const char *key)
{
	char name[RUN_NAME_LEN];
	int err;

	name_of(name, key, INCOMPLETE);
	err = run_remove(os->ops->run(os), name);
	if (err)
		return err;
	name_of(name, key, COMPLETE);
	return run_remove(os->ops->run(os), name);
}

/* --------------------------------------------------------------------- walk */

struct walk {
	struct os *os;
	const char *gpu;
	int (*each)(const struct record *record, void *arg);
	void *arg;
};

/* The key of a record's name; false: it is none */
static bool key_of(const char *name, const char *suffix, char key[RECORD_KEY_LEN])
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	if (len <= suffix_len || len - suffix_len >= RECORD_KEY_LEN ||
	    strcmp(name + len - suffix_len, suffix))
		return false;
	memcpy(key, name, len - suffix_len);
	key[len - suffix_len] = '\0';
	return true;
}

static int visit(const char *name, void *arg)
{
	const struct walk *walk = arg;
	char key[RECORD_KEY_LEN];
	struct record record;
	bool complete;

	complete = key_of(name, COMPLETE, key);
	if ((!complete && !key_of(name, INCOMPLETE, key)) ||
	    read_named(walk->os, key, complete, &record))
		return 0;
	if (walk->gpu && strcmp(walk->gpu, record.gpu))
		return 0;
	return walk->each(&record, walk->arg);
}

int record_walk(struct os *os, const char *gpu,
		int (*each)(const struct record *record, void *arg), void *arg)
{
	struct walk walk = { os, gpu, each, arg };

	return run_list(os->ops->run(os), visit, &walk);
}

struct torn {
	struct os *os;
	const char *end;
};

static int remove_torn(const char *name, void *arg)
{
	const struct torn *torn = arg;
	size_t len, end_len = strlen(torn->end);
	char key[RECORD_KEY_LEN];
	struct record record;

	if (!key_of(name, INCOMPLETE, key))
		return 0;
	len = strlen(key);
	if (len < end_len || strcmp(key + len - end_len, torn->end) ||
	    read_named(torn->os, key, false, &record) != -ENOENT)
		return 0;
	return run_remove(torn->os->ops->run(torn->os), name);
}

int record_remove_torn(struct os *os, const char *end)
{
	struct torn torn = { os, end };

	return run_list(os->ops->run(os), remove_torn, &torn);
}

void record_foreign_uuid(const char *key, uint32_t type_id, uint8_t uuid[16])
{
	XXH128_canonical_t hash;

	XXH128_canonicalFromHash(&hash, XXH3_128bits_withSeed(key, strlen(key), type_id));
	memcpy(uuid, hash.digest, 16);
	uuid[6] = (uuid[6] & 0x0f) | 0x80;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}
