# SPDX-License-Identifier: GPL-2.0-only OR MIT
ccflags-y += $(call has,device/class.h,class_create.const char,NVVGPU_HAVE_CLASS_CREATE_BY_NAME)
ccflags-y += $(call has,device/class.h,devnode..const struct device,NVVGPU_HAVE_CONST_DEVNODE)
