// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Does what the VM has to notice: write warn, oops, panic, deadlock, overflow, leak or atomic to
 * /sys/module/vm_selftest/parameters/provoke.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static void take(struct mutex *outer, struct mutex *inner)
{
	mutex_lock(outer);
	mutex_lock(inner);
	mutex_unlock(inner);
	mutex_unlock(outer);
}

static void overflow(void)
{
	static volatile size_t size = 24;	/* not known to the compiler */
	char *memory = kmalloc(size, GFP_KERNEL);

	if (memory)
		((volatile char *)memory)[size] = 1;
	kfree(memory);
}

static void leak(void)
{
	static volatile size_t size = 100;
	int i;

	/* several, since a copy of a pointer may stay on a stack */
	for (i = 0; i < 16; i++)
		memset(kzalloc(size, GFP_KERNEL | __GFP_NOFAIL), i, 1);
}

static int provoke(const char *value, const struct kernel_param *parameter)
{
	if (sysfs_streq(value, "warn")) {
		WARN(1, "vm selftest\n");
	} else if (sysfs_streq(value, "oops")) {
		*(volatile int *)8 = 0;
	} else if (sysfs_streq(value, "panic")) {
		panic("vm selftest");
	} else if (sysfs_streq(value, "deadlock")) {
		take(&first, &second);
		take(&second, &first);
	} else if (sysfs_streq(value, "overflow")) {
		overflow();
	} else if (sysfs_streq(value, "leak")) {
		leak();
	} else if (sysfs_streq(value, "atomic")) {
		spin_lock(&spin);
		might_sleep();
		spin_unlock(&spin);
	} else {
		return -EINVAL;
	}
	return 0;
}

static const struct kernel_param_ops provoke_ops = { .set = provoke };
module_param_cb(provoke, &provoke_ops, NULL, 0200);
MODULE_PARM_DESC(provoke, "what to do wrong");

MODULE_DESCRIPTION("Self test of tests/vm");
MODULE_LICENSE("Dual MIT/GPL");
