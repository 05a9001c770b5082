// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The STOP_COPY state machine over the plugin's messages: RUNNING <-> STOP is
 * stop_work and resume_work, STOP -> STOP_COPY opens a session that is read to
 * its end, STOP -> RESUMING one that is written; RESUMING -> STOP makes the
 * plugin check and apply all that was written.
 *
 * The plugin takes and gives up to NVVGPU_PLUGIN_STATE_MAX bytes per message.  A
 * session keeps one buffer of that size: what a message brought is handed out
 * in reads of any size, what small writes brought is collected to a full message.
 */
#include "migration.h"

/* enum vfio_device_mig_state of <linux/vfio.h>, which not every build has; ABI, so they stay. */
enum mig_state {
	MIG_ERROR = 0,
	MIG_STOP = 1,
	MIG_RUNNING = 2,
	MIG_STOP_COPY = 3,
	MIG_RESUMING = 4,
};

#define MAX_CALL	SZ_1G	/* bytes of one read or write */

struct nvvgpu_migration_session {
	struct kref ref;
	struct mutex lock;	/* all below */
	struct nvvgpu_mgr_vgpu *vgpu;	/* NULL: the session is over */
	bool saving;
	bool started;		/* saving: the plugin was asked for data */
	bool complete;		/* saving: the plugin gave its last byte */
	int error;		/* the first failure; latched */
	size_t start, end;	/* the bytes of buf that wait for a reader or the plugin */
	u8 buf[NVVGPU_PLUGIN_STATE_MAX];
};

struct nvvgpu_migration {
	struct nvvgpu_mgr_vgpu *vgpu;
	u32 state;
	u64 estimate;		/* of stop-copy, known while stopped; else 0 */
	struct nvvgpu_migration_session *session;
};

/* -------------------------------------------------------------------- sessions */

static int session_new(struct nvvgpu_mgr_vgpu *vgpu, bool saving,
		       struct nvvgpu_migration_session **ret)
{
	struct nvvgpu_migration_session *s;

	s = kvzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	kref_init(&s->ref);
	mutex_init(&s->lock);
	s->vgpu = vgpu;
	s->saving = saving;
	*ret = s;
	return 0;
}

static void session_release(struct kref *ref)
{
	struct nvvgpu_migration_session *s =
		container_of(ref, struct nvvgpu_migration_session, ref);

	mutex_destroy(&s->lock);
	kvfree(s);
}

void nvvgpu_migration_session_put(struct nvvgpu_migration_session *s)
{
	kref_put(&s->ref, session_release);
}

/* Whoever still holds the data fd gets -ENODEV from now on. */
static void session_end(struct nvvgpu_migration *mig)
{
	struct nvvgpu_migration_session *s = mig->session;

	if (!s)
		return;
	mig->session = NULL;
	mutex_lock(&s->lock);
	s->vgpu = NULL;
	mutex_unlock(&s->lock);
	nvvgpu_migration_session_put(s);
}

static int session_start(struct nvvgpu_migration *mig, bool saving,
			 struct nvvgpu_migration_session **ret_session)
{
	int err;

	err = session_new(mig->vgpu, saving, &mig->session);
	if (err)
		return err;
	kref_get(&mig->session->ref);
	*ret_session = mig->session;
	return 0;
}

/* ---------------------------------------------------------------- read and write */

/* Session lock held: the next message's worth into the empty buffer. */
static int fill(struct nvvgpu_migration_session *s)
{
	size_t len = 0;
	bool complete = false;
	int err;

	s->started = true;
	err = nvvgpu_mgr_save_state(s->vgpu, s->buf, sizeof(s->buf), &len, &complete);
	if (!err && (len > sizeof(s->buf) || (!len && !complete)))
		err = -EIO;
	if (err) {
		s->error = err;
		return err;
	}
	s->start = 0;
	s->end = len;
	s->complete = complete;
	return 0;
}

static ssize_t read_some(struct nvvgpu_migration_session *s, char __user *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t now;

		if (s->start == s->end) {
			if (s->complete)
				break;
			if (fill(s))
				return done ? (ssize_t)done : s->error;
		}
		now = min(len - done, s->end - s->start);
		if (copy_to_user(buf + done, s->buf + s->start, now))
			return done ? (ssize_t)done : -EFAULT;
		s->start += now;
		done += now;
	}
	return done;
}

ssize_t nvvgpu_migration_read(struct nvvgpu_migration_session *s, char __user *buf, size_t len)
{
	ssize_t done;

	mutex_lock(&s->lock);
	if (!s->vgpu)
		done = -ENODEV;
	else if (!s->saving)
		done = -EINVAL;
	else if (s->error)
		done = s->error;
	else
		done = read_some(s, buf, min_t(size_t, len, MAX_CALL));
	mutex_unlock(&s->lock);
	return done;
}

/* Session lock held: what was collected goes to the plugin. */
static int flush(struct nvvgpu_migration_session *s)
{
	if (!s->end)
		return 0;
	s->error = nvvgpu_mgr_restore_state(s->vgpu, s->buf, s->end);
	s->end = 0;
	return s->error;
}

static ssize_t write_some(struct nvvgpu_migration_session *s, const char __user *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t now = min(len - done, sizeof(s->buf) - s->end);

		if (copy_from_user(s->buf + s->end, buf + done, now)) {
			s->error = -EFAULT;
			return s->error;
		}
		s->end += now;
		done += now;
		if (s->end == sizeof(s->buf) && flush(s))
			return s->error;
	}
	return done;
}

ssize_t nvvgpu_migration_write(struct nvvgpu_migration_session *s, const char __user *buf,
			       size_t len)
{
	ssize_t done;

	mutex_lock(&s->lock);
	if (!s->vgpu)
		done = -ENODEV;
	else if (s->saving)
		done = -EINVAL;
	else if (s->error)
		done = s->error;
	else
		done = write_some(s, buf, min_t(size_t, len, MAX_CALL));
	mutex_unlock(&s->lock);
	return done;
}

/* ------------------------------------------------------------------------- arcs */

static void set_state(struct nvvgpu_migration *mig, u32 state)
{
	mig->state = state;
	nvvgpu_mgr_migration_state(mig->vgpu, state);
}

static int running_to_stop(struct nvvgpu_migration *mig)
{
	return nvvgpu_mgr_stop_work(mig->vgpu, &mig->estimate);
}

static int stop_to_running(struct nvvgpu_migration *mig)
{
	int err;

	err = nvvgpu_mgr_resume_work(mig->vgpu);
	if (!err)
		mig->estimate = 0;
	return err;
}

/*
 * The plugin forgets how far a save was, so that the next one starts anew.  One
 * that refuses needs a reset.
 */
static int stop_copy_to_stop(struct nvvgpu_migration *mig)
{
	struct nvvgpu_migration_session *s = mig->session;
	bool started;
	int err = 0;

	mutex_lock(&s->lock);
	started = s->started;
	s->vgpu = NULL;		/* a read that comes now starts no save that nobody cancels */
	mutex_unlock(&s->lock);
	session_end(mig);
	if (started)
		err = nvvgpu_mgr_cancel_save(mig->vgpu);
	if (err)
		set_state(mig, MIG_ERROR);
	return err;
}

/*
 * Whatever was wrong with the data is -EINVAL, and the state stays RESUMING:
 * what was written in part must not run, so only a reset leads out.
 */
static int resuming_to_stop(struct nvvgpu_migration *mig)
{
	struct nvvgpu_migration_session *s = mig->session;
	bool good;

	mutex_lock(&s->lock);
	if (!s->error && !flush(s))
		s->error = nvvgpu_mgr_restore_deferred(mig->vgpu);
	good = !s->error;
	if (good)
		s->vgpu = NULL;	/* nothing is written after what was judged */
	mutex_unlock(&s->lock);
	if (!good)
		return -EINVAL;
	session_end(mig);
	return 0;
}

int nvvgpu_migration_step(struct nvvgpu_migration *mig, u32 next,
			  struct nvvgpu_migration_session **ret_session)
{
	struct nvvgpu_migration_session *session = NULL;
	u32 state = mig->state;
	int err = -EINVAL;

	if (state == MIG_RUNNING && next == MIG_STOP)
		err = running_to_stop(mig);
	else if (state == MIG_STOP && next == MIG_RUNNING)
		err = stop_to_running(mig);
	else if (state == MIG_STOP && (next == MIG_STOP_COPY || next == MIG_RESUMING))
		err = session_start(mig, next == MIG_STOP_COPY, &session);
	else if (state == MIG_STOP_COPY && next == MIG_STOP)
		err = stop_copy_to_stop(mig);
	else if (state == MIG_RESUMING && next == MIG_STOP)
		err = resuming_to_stop(mig);
	if (err)
		return err;
	set_state(mig, next);
	*ret_session = session;
	return 0;
}

/*
 * The next hop of a device with STOP_COPY alone; everything passes STOP.  In the
 * kernel the VFIO core's vfio_mig_get_next_state() walks and calls the steps.
 */
static int next_state(u32 state, u32 target, u32 *ret)
{
	if (target < MIG_STOP || target > MIG_RESUMING || state == MIG_ERROR)
		return -EINVAL;
	*ret = state == MIG_STOP ? target : MIG_STOP;
	return 0;
}

int nvvgpu_migration_set_state(struct nvvgpu_migration *mig, u32 target,
			       struct nvvgpu_migration_session **ret_session)
{
	struct nvvgpu_migration_session *session = NULL;
	u32 next;
	int err;

	err = next_state(mig->state, target, &next);
	while (!err && mig->state != target) {
		err = nvvgpu_migration_step(mig, next, &session);
		if (!err)
			err = next_state(mig->state, target, &next);
	}
	if (err)
		return err;
	*ret_session = session;
	return 0;
}

/* ------------------------------------------------------------------ the device */

int nvvgpu_migration_init(struct nvvgpu_mgr_vgpu *vgpu, struct nvvgpu_migration **ret)
{
	struct nvvgpu_migration *mig;

	mig = kzalloc(sizeof(*mig), GFP_KERNEL);
	if (!mig)
		return -ENOMEM;
	mig->vgpu = vgpu;
	mig->state = MIG_RUNNING;
	*ret = mig;
	return 0;
}

void nvvgpu_migration_fini(struct nvvgpu_migration *mig)
{
	session_end(mig);
	kfree(mig);
}

u32 nvvgpu_migration_state(struct nvvgpu_migration *mig)
{
	return mig->state;
}

/* While it runs only the most is known: every byte of the framebuffer. */
int nvvgpu_migration_data_size(struct nvvgpu_migration *mig, u64 *ret_bytes)
{
	*ret_bytes = mig->estimate ? mig->estimate :
				     nvvgpu_mgr_vgpu_type(mig->vgpu)->framebuffer_bytes;
	return 0;
}

int nvvgpu_migration_reset(struct nvvgpu_migration *mig)
{
	session_end(mig);
	mig->estimate = 0;
	if (mig->state != MIG_RUNNING)
		set_state(mig, MIG_RUNNING);
	return 0;
}
