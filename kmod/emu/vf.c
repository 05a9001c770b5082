// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What a guest sees of its virtual function: registers in BAR0, its framebuffer
 * through the aperture of BAR1.  Which registers exist beside BOOT_1, the timer
 * and the doorbell is our choice (the plugin's register handling is closed):
 * a window that moves the aperture, scratch registers that migrate, and a copy
 * engine.
 */
#include "board.h"
#include "pv.h"

#define DOORBELL_CHANNEL(val)	((val) & 0xfff)
#define COMPLETION_VECTOR	0
#define COPY_VECTOR		1
#define WINDOW_SHIFT		16

/* NULL: nothing answers there. */
static struct nvvgpu_emu_vgpu *awake(struct nvvgpu_emu_board *board, u32 gfid)
{
	struct nvvgpu_emu_vgpu *vgpu = nvvgpu_emu_vgpu_find(board, gfid);

	if (!vgpu || (vgpu->state != NVVGPU_EMU_VGPU_RUNNING &&
		      vgpu->state != NVVGPU_EMU_VGPU_STOPPED))
		return NULL;
	return vgpu;
}

static u32 *scratch_at(struct nvvgpu_emu_vgpu *vgpu, u64 offset)
{
	if (offset < NVVGPU_EMU_VF_SCRATCH(0) ||
	    offset >= NVVGPU_EMU_VF_SCRATCH(NVVGPU_EMU_SCRATCH))
		return NULL;
	return &vgpu->scratch[(offset - NVVGPU_EMU_VF_SCRATCH(0)) / 4];
}

static u32 reg_read(struct nvvgpu_emu_vgpu *vgpu, u64 offset)
{
	u32 *scratch = scratch_at(vgpu, offset);
	u64 now;

	if (scratch)
		return *scratch;
	switch (offset) {
	case NVVGPU_EMU_VF_COPY_BUS_LO:
		return lower_32_bits(vgpu->copy.bus);
	case NVVGPU_EMU_VF_COPY_BUS_HI:
		return upper_32_bits(vgpu->copy.bus);
	case NVVGPU_EMU_VF_COPY_FB_LO:
		return lower_32_bits(vgpu->copy.offset);
	case NVVGPU_EMU_VF_COPY_FB_HI:
		return upper_32_bits(vgpu->copy.offset);
	case NVVGPU_EMU_VF_COPY_BYTES:
		return vgpu->copy.bytes;
	case NVVGPU_EMU_VF_COPY_STATUS:
		return vgpu->copy.status;
	case NVVGPU_EMU_VF_BOOT1:
		return NV_PMC_BOOT_1_VGPU_VF;
	case NVVGPU_EMU_VF_WINDOW:
		return vgpu->window;
	case NVVGPU_EMU_VF_TIME_LO:
		now = ktime_get_ns();
		return lower_32_bits(now);
	case NVVGPU_EMU_VF_TIME_HI:
		now = ktime_get_ns();
		return upper_32_bits(now);
	default:
		return 0;
	}
}

/* Work handed to a channel of this vGPU completes at once, and says so. */
static void ring(struct nvvgpu_emu_board *board, u32 gfid, struct nvvgpu_emu_vgpu *vgpu, u32 val)
{
	if (vgpu->bus_master && DOORBELL_CHANNEL(val) < vgpu->channel_count)
		board->ops->vf_interrupt(board->priv, gfid, COMPLETION_VECTOR);
}

static int copy_checked(struct nvvgpu_emu_board *board, u32 gfid, struct nvvgpu_emu_vgpu *vgpu,
			u32 command)
{
	const struct nvvgpu_emu_copy *copy = &vgpu->copy;
	int err;

	if (!vgpu->bus_master)
		return -EACCES;
	if (!copy->bytes || copy->bytes > NVVGPU_EMU_VF_COPY_MAX)
		return -EINVAL;
	if (copy->offset > vgpu->fb_bytes || copy->bytes > vgpu->fb_bytes - copy->offset)
		return -ERANGE;
	if (command == NVVGPU_EMU_VF_COPY_TO_FB) {
		err = board->ops->vf_dma_read(board->priv, gfid, copy->bus, board->buffer,
					      copy->bytes);
		return err ? err : nvvgpu_emu_vgpu_fb_write(board, vgpu, copy->offset,
							    board->buffer, copy->bytes);
	}
	if (command != NVVGPU_EMU_VF_COPY_FROM_FB)
		return -EINVAL;
	err = nvvgpu_emu_vgpu_fb_read(board, vgpu, copy->offset, board->buffer, copy->bytes);
	return err ? err : board->ops->vf_dma_write(board->priv, gfid, copy->bus, board->buffer,
						    copy->bytes);
}

static void copy_end(struct nvvgpu_emu_board *board, u32 gfid, struct nvvgpu_emu_vgpu *vgpu,
		     u32 status)
{
	vgpu->copy.pending = 0;
	vgpu->copy.status = status;
	if (vgpu->bus_master)
		board->ops->vf_interrupt(board->priv, gfid, COPY_VECTOR);
}

/* -EINPROGRESS: by copy_window_read() and _write() the rest is done. */
static int copy_run(struct nvvgpu_emu_board *board, u32 gfid, struct nvvgpu_emu_vgpu *vgpu,
		    u32 command)
{
	int err = copy_checked(board, gfid, vgpu, command);

	if (err == -EINPROGRESS) {
		vgpu->copy.pending = command;
		vgpu->copy.status = EINPROGRESS;
		return err;
	}
	copy_end(board, gfid, vgpu, -err);
	return 0;
}

/* Where an access to the data of the copy that is pending falls in the framebuffer. */
static int copy_data(const struct nvvgpu_emu_vgpu *vgpu, u32 command, u64 offset, size_t len,
		     u64 *at)
{
	const struct nvvgpu_emu_copy *copy = &vgpu->copy;

	if (copy->pending != command || offset < NVVGPU_PV_COPY_DATA)
		return -EINVAL;
	offset -= NVVGPU_PV_COPY_DATA;
	if (offset > copy->bytes || len > copy->bytes - offset)
		return -ERANGE;
	*at = copy->offset + offset;
	return 0;
}

static int copy_window_read(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu,
			    u64 offset, void *buf, size_t len)
{
	const struct nvvgpu_pv_copy copy = {
		.bus = vgpu->copy.bus,
		.bytes = vgpu->copy.bytes,
		.to_guest = vgpu->copy.pending == NVVGPU_EMU_VF_COPY_FROM_FB,
	};
	u64 at;
	int err;

	if (vgpu->copy.pending && !offset && len == sizeof(copy)) {
		memcpy(buf, &copy, sizeof(copy));
		return 0;
	}
	err = copy_data(vgpu, NVVGPU_EMU_VF_COPY_FROM_FB, offset, len, &at);
	return err ? err : nvvgpu_emu_vgpu_fb_read(board, vgpu, at, buf, len);
}

static int copy_window_write(struct nvvgpu_emu_board *board, u32 gfid,
			     struct nvvgpu_emu_vgpu *vgpu, u64 offset, const void *buf, size_t len)
{
	u32 status;
	u64 at;
	int err;

	if (vgpu->copy.pending && !offset && len == sizeof(status)) {
		memcpy(&status, buf, sizeof(status));
		copy_end(board, gfid, vgpu, status);
		return 0;
	}
	err = copy_data(vgpu, NVVGPU_EMU_VF_COPY_TO_FB, offset, len, &at);
	return err ? err : nvvgpu_emu_vgpu_fb_write(board, vgpu, at, buf, len);
}

static void set_low(u64 *value, u32 val)
{
	*value = (*value & ~(u64)U32_MAX) | val;
}

static void set_high(u64 *value, u32 val)
{
	*value = (u64)val << 32 | lower_32_bits(*value);
}

static int reg_write(struct nvvgpu_emu_board *board, u32 gfid, struct nvvgpu_emu_vgpu *vgpu,
		     u64 offset, u32 val)
{
	u32 *scratch = scratch_at(vgpu, offset);

	if (scratch) {
		*scratch = val;
		return 0;
	}
	switch (offset) {
	case NVVGPU_EMU_VF_WINDOW:
		vgpu->window = val;
		break;
	case NVVGPU_EMU_VF_DOORBELL:
		ring(board, gfid, vgpu, val);
		break;
	case NVVGPU_EMU_VF_COPY_BUS_LO:
		set_low(&vgpu->copy.bus, val);
		break;
	case NVVGPU_EMU_VF_COPY_BUS_HI:
		set_high(&vgpu->copy.bus, val);
		break;
	case NVVGPU_EMU_VF_COPY_FB_LO:
		set_low(&vgpu->copy.offset, val);
		break;
	case NVVGPU_EMU_VF_COPY_FB_HI:
		set_high(&vgpu->copy.offset, val);
		break;
	case NVVGPU_EMU_VF_COPY_BYTES:
		vgpu->copy.bytes = val;
		break;
	case NVVGPU_EMU_VF_COPY_COMMAND:
		return copy_run(board, gfid, vgpu, val);
	}
	return 0;
}

static int check_reg(struct nvvgpu_emu_board *board, u64 offset, size_t len)
{
	if (len != sizeof(u32) || !IS_ALIGNED(offset, sizeof(u32)))
		return -EINVAL;
	return offset < NVVGPU_EMU_VF_BAR0_BYTES ? 0 : -ERANGE;
}

/*
 * Where an access through the aperture falls in the vGPU's framebuffer.  How much of its
 * function's BAR1 a guest gets is the host's choice.
 */
static int aperture(struct nvvgpu_emu_board *board, struct nvvgpu_emu_vgpu *vgpu, u64 offset,
		    size_t len, u64 *at)
{
	const struct nvvgpu_emu_board_data *data = board->data;
	u64 bytes = data->vfs_total ? data->vf_bar_bytes[1] : data->bar1_bytes;

	if (offset > bytes || len > bytes - offset)
		return -ERANGE;
	*at = ((u64)vgpu->window << WINDOW_SHIFT) + offset;
	if (*at > vgpu->fb_bytes || len > vgpu->fb_bytes - *at)
		return -ERANGE;
	return 0;
}

static int do_read(struct nvvgpu_emu_board *board, u32 gfid, u32 bar, u64 offset, void *buf,
		   size_t len)
{
	struct nvvgpu_emu_vgpu *vgpu = awake(board, gfid);
	u64 at;
	int err;

	if (!vgpu)
		return -ENODEV;
	if (bar == 0) {
		err = check_reg(board, offset, len);
		if (!err)
			put_unaligned_le32(reg_read(vgpu, offset), buf);
		return err;
	}
	if (bar == NVVGPU_PV_BAR_COPY)
		return copy_window_read(board, vgpu, offset, buf, len);
	if (bar != 1)
		return -ERANGE;
	err = aperture(board, vgpu, offset, len, &at);
	return err ? err : nvvgpu_emu_vgpu_fb_read(board, vgpu, at, buf, len);
}

int nvvgpu_emu_vf_read(struct nvvgpu_emu_board *board, u32 gfid, u32 bar, u64 offset, void *buf,
		       size_t len)
{
	int err = do_read(board, gfid, bar, offset, buf, len);

	if (err)
		memset(buf, 0xff, len);		/* what a bus gives when nobody answers */
	return err;
}

int nvvgpu_emu_vf_write(struct nvvgpu_emu_board *board, u32 gfid, u32 bar, u64 offset,
			const void *buf, size_t len)
{
	struct nvvgpu_emu_vgpu *vgpu = awake(board, gfid);
	u64 at;
	int err;

	if (!vgpu)
		return -ENODEV;
	if (bar == NVVGPU_PV_BAR_COPY)
		return copy_window_write(board, gfid, vgpu, offset, buf, len);
	if (bar > 1)
		return -ERANGE;
	err = bar ? aperture(board, vgpu, offset, len, &at) : check_reg(board, offset, len);
	if (err || vgpu->state == NVVGPU_EMU_VGPU_STOPPED)
		return err;			/* a stopped vGPU keeps what it has */
	if (bar)
		return nvvgpu_emu_vgpu_fb_write(board, vgpu, at, buf, len);
	return reg_write(board, gfid, vgpu, offset, get_unaligned_le32(buf));
}
