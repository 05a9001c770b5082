// SPDX-License-Identifier: MIT
/*
 * A guest for cases/vmm.sh that boots at once, where Linux takes minutes without KVM: it finds its
 * vGPU on the PCI bus, and counts, in memory and in the framebuffer.  QEMU loads it as its kernel
 * (multiboot); firmware has placed the BARs.
 */

#define SERIAL 0x3f8
#define SLOTS 32		/* of the first bus */
#define BAR1 0x14
#define COUNTER 0x10000
#define MARK 0x6000000

__asm__(".section .text.start, \"ax\"\n"
	".align 4\n"
	".long 0x1badb002, 0, -0x1badb002\n"
	".globl _start\n"
	"_start:\n"
	"mov $stack + 4096, %esp\n"
	"call run\n");

__attribute__((used)) static char stack[4096];

static void out8(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char in8(unsigned short port)
{
	unsigned char value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out32(unsigned short port, unsigned int value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned int in32(unsigned short port)
{
	unsigned int value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

/* ---------------------------------------------------------------------- its words */

static void say(const char *text)
{
	for (; *text; text++) {
		while (!(in8(SERIAL + 5) & 0x20))
			;
		out8(SERIAL, (unsigned char)*text);
	}
}

static void say_number(unsigned int number, unsigned int base)
{
	char text[12], *at = text + sizeof(text);

	*--at = '\0';
	do {
		*--at = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	say(at);
}

/* -------------------------------------------------------------------------- PCI */

static void select(unsigned int slot, unsigned int at)
{
	out32(0xcf8, 0x80000000 | slot << 11 | at);
}

static unsigned int config(unsigned int slot, unsigned int at)
{
	select(slot, at);
	return in32(0xcfc);
}

static unsigned int find(void)
{
	unsigned int slot = 0;

	while (slot < SLOTS && (config(slot, 0) & 0xffff) != 0x10de)
		slot++;
	return slot;
}

static void enable_memory(unsigned int slot)
{
	unsigned int command = config(slot, 4) & 0xffff;

	select(slot, 4);
	out32(0xcfc, command | 2);
}

/* ------------------------------------------------------------------------- counts */

static unsigned int boot_number(void)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low;
}

static void pause(void)
{
	for (volatile unsigned int i = 0; i < 1000000; i++)
		;
}

static _Noreturn void count(volatile char *framebuffer)
{
	volatile unsigned int *counter = (volatile void *)(framebuffer + COUNTER);
	volatile unsigned int *mark = (volatile void *)(framebuffer + MARK);
	unsigned int boot = boot_number();

	*mark = 0x5eed0001;
	for (unsigned int i = 1;; i++) {
		*counter = i;
		say("guest: ");
		say_number(boot, 10);
		say(" ");
		say_number(i, 10);
		say(" ");
		say_number(*counter, 10);
		say(" ");
		say_number(*mark, 10);
		say("\n");
		pause();
	}
}

static void work(unsigned int slot)
{
	if (slot == SLOTS) {
		say("there is no vGPU\n");
		return;
	}
	say("device 0x");
	say_number(config(slot, 0) >> 16, 16);
	say("\n");
	enable_memory(slot);
	if (config(slot, BAR1 + 4))
		say("BAR1 is above 4 GiB\n");
	else
		count((volatile char *)(config(slot, BAR1) & ~15u));
}

__attribute__((used)) static _Noreturn void run(void)
{
	work(find());
	for (;;)
		__asm__ volatile("hlt");
}
