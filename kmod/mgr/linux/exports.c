// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * What of mgr.h the drivers of the vGPUs' functions may use.  The functions themselves are plain
 * C that is compiled into the library too, where nothing is exported in this way.
 */
#include <linux/module.h>
#include "../mgr.h"

EXPORT_SYMBOL_GPL(nvvgpu_mgr_close);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_reset);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_set_bus_master);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vgpu_type);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_vgpu_gfid);

EXPORT_SYMBOL_GPL(nvvgpu_mgr_bar_bytes);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_bar_read);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_bar_write);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_sparse_mmap);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_trap_pages);

EXPORT_SYMBOL_GPL(nvvgpu_mgr_stop_work);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_cancel_stop);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_save_state);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_cancel_save);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_restore_state);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_restore_deferred);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_resume_work);
EXPORT_SYMBOL_GPL(nvvgpu_mgr_migration_state);
