/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The user-space twin of kmod/include/nvvgpu_kernel.h: what the plain C of kmod/
 * needs of the kernel, under the same names.  Nothing here is a simulation of
 * the kernel; each line is the plain C library's way of doing the same thing.
 */
#ifndef NVVGPU_KERNEL_H
#define NVVGPU_KERNEL_H

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#define __user
#define __iomem
#define __force
#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __printf(a, b) __attribute__((format(printf, a, b)))
#define __must_check __attribute__((warn_unused_result))
#define fallthrough __attribute__((fallthrough))

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the wire layouts are little endian; so must the machine be"
#endif

#define cpu_to_le16(x) htole16(x)
#define cpu_to_le32(x) htole32(x)
#define cpu_to_le64(x) htole64(x)
#define le16_to_cpu(x) le16toh(x)
#define le32_to_cpu(x) le32toh(x)
#define le64_to_cpu(x) le64toh(x)

#define PAGE_SIZE 4096UL
#define SZ_4K 0x1000
#define SZ_64K 0x10000
#define SZ_128K 0x20000
#define SZ_256K 0x40000
#define SZ_1M 0x100000
#define SZ_2M 0x200000
#define SZ_32M 0x2000000
#define SZ_128M 0x8000000
#define SZ_256M 0x10000000
#define SZ_1G 0x40000000
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S64_MAX INT64_MAX

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define GENMASK(h, l) ((~0UL << (l)) & (~0UL >> (63 - (h))))
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
#define min(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b) ({ __typeof__(a) _a = (a); __typeof__(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b) ({ t _a = (a); t _b = (b); _a < _b ? _a : _b; })
#define max_t(t, a, b) ({ t _a = (a); t _b = (b); _a > _b ? _a : _b; })
#define clamp_t(t, v, lo, hi) min_t(t, max_t(t, v, lo), hi)
#define swap(a, b) do { __typeof__(a) _t = (a); (a) = (b); (b) = _t; } while (0)
#define ALIGN(x, a) (((x) + ((__typeof__(x))(a) - 1)) & ~((__typeof__(x))(a) - 1))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define round_up(x, a) ALIGN(x, a)
#define round_down(x, a) ALIGN_DOWN(x, a)
#define roundup(x, a) ((((x) + (a) - 1) / (a)) * (a))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define lower_32_bits(n) ((u32)(n))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define mb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define rmb() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define wmb() __atomic_thread_fence(__ATOMIC_RELEASE)
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)
#define WARN_ON_ONCE(c) unlikely(!!(c))
#define WARN_ON(c) unlikely(!!(c))
#define pr_debug(fmt, ...) ((void)(0 && printf(fmt, ##__VA_ARGS__)))
#define pr_warn(fmt, ...) ((void)(0 && printf(fmt, ##__VA_ARGS__)))
#define pr_warn_ratelimited pr_warn
#define pr_err(fmt, ...) ((void)(0 && printf(fmt, ##__VA_ARGS__)))

/* ------------------------------------------------------------------- memory */

typedef int gfp_t;
#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0

/*
 * Test builds can make the nth allocation of this thread fail, and see how many
 * are alive.
 */
#ifdef NVVGPU_FAULT_INJECTION
void nvvgpu_shim_fail_alloc_nth(unsigned long n);	/* from 1; 0: never */
long nvvgpu_shim_allocs(void);
void *nvvgpu_shim_alloc(size_t n, size_t size);
void nvvgpu_shim_free(const void *p);
#else
static inline void *nvvgpu_shim_alloc(size_t n, size_t size)
{
	return calloc(n, size);
}

static inline void nvvgpu_shim_free(const void *p)
{
	free((void *)p);
}
#endif

#define kzalloc(size, gfp) nvvgpu_shim_alloc(1, size)
#define kmalloc(size, gfp) nvvgpu_shim_alloc(1, size)
#define kcalloc(n, size, gfp) nvvgpu_shim_alloc(n, size)
#define kmalloc_array(n, size, gfp) nvvgpu_shim_alloc(n, size)
#define kvzalloc(size, gfp) nvvgpu_shim_alloc(1, size)
#define kvmalloc(size, gfp) nvvgpu_shim_alloc(1, size)
#define kvcalloc(n, size, gfp) nvvgpu_shim_alloc(n, size)
#define kvmalloc_array(n, size, gfp) nvvgpu_shim_alloc(n, size)
#define kfree(p) nvvgpu_shim_free(p)
#define kvfree(p) nvvgpu_shim_free(p)

static inline void *kmemdup(const void *from, size_t len, gfp_t gfp)
{
	void *to = kmalloc(len, gfp);

	return to ? memcpy(to, from, len) : NULL;
}

static inline size_t nvvgpu_shim_size(size_t header, size_t element, size_t n)
{
	size_t bytes;

	if (check_mul_overflow(element, n, &bytes) || check_add_overflow(bytes, header, &bytes))
		return SIZE_MAX;
	return bytes;
}

#define array_size(n, size) nvvgpu_shim_size(0, size, n)
#define struct_size(p, member, n) nvvgpu_shim_size(sizeof(*(p)), sizeof(*(p)->member), n)

/* The first byte that is not c, or NULL. */
static inline const void *memchr_inv(const void *start, int c, size_t len)
{
	const unsigned char *p = start;

	for (; len; p++, len--)
		if (*p != (unsigned char)c)
			return p;
	return NULL;
}

/* --------------------------------------------------------------- user memory */

static inline unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	memcpy(to, from, n);
	return 0;
}

static inline unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	memcpy(to, from, n);
	return 0;
}

#define get_user(x, p) ((x) = *(p), 0)
#define put_user(x, p) (*(p) = (x), 0)
#define u64_to_user_ptr(x) ((void __user *)(uintptr_t)(x))

static inline int copy_struct_from_user(void *to, size_t ksize, const void __user *from,
					size_t usize)
{
	size_t size = min(ksize, usize);

	if (usize > ksize && memchr_inv((const char *)from + ksize, 0, usize - ksize))
		return -E2BIG;
	memcpy(to, from, size);
	memset((char *)to + size, 0, ksize - size);
	return 0;
}

/* ------------------------------------------------------------------- locking */

struct mutex {
	pthread_mutex_t lock;
};

#define mutex_init(m) pthread_mutex_init(&(m)->lock, NULL)
#define mutex_destroy(m) pthread_mutex_destroy(&(m)->lock)
#define mutex_lock(m) pthread_mutex_lock(&(m)->lock)
#define mutex_unlock(m) pthread_mutex_unlock(&(m)->lock)
#define mutex_trylock(m) (!pthread_mutex_trylock(&(m)->lock))
#define lockdep_assert_held(m) ((void)(m))

typedef struct {
	pthread_mutex_t lock;
} spinlock_t;

#define spin_lock_init(s) pthread_mutex_init(&(s)->lock, NULL)
#define spin_lock(s) pthread_mutex_lock(&(s)->lock)
#define spin_unlock(s) pthread_mutex_unlock(&(s)->lock)

typedef struct {
	int counter;
} atomic_t;

#define ATOMIC_INIT(v) { (v) }
#define atomic_read(a) __atomic_load_n(&(a)->counter, __ATOMIC_RELAXED)
#define atomic_set(a, v) __atomic_store_n(&(a)->counter, v, __ATOMIC_RELAXED)
#define atomic_inc(a) ((void)__atomic_add_fetch(&(a)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_dec(a) ((void)__atomic_sub_fetch(&(a)->counter, 1, __ATOMIC_SEQ_CST))
#define atomic_xchg(a, v) __atomic_exchange_n(&(a)->counter, v, __ATOMIC_SEQ_CST)

struct kref {
	int count;
};

static inline void kref_init(struct kref *ref)
{
	ref->count = 1;
}

static inline void kref_get(struct kref *ref)
{
	__atomic_add_fetch(&ref->count, 1, __ATOMIC_RELAXED);
}

static inline int kref_put(struct kref *ref, void (*release)(struct kref *ref))
{
	if (__atomic_sub_fetch(&ref->count, 1, __ATOMIC_ACQ_REL))
		return 0;
	release(ref);
	return 1;
}

/* --------------------------------------------------------------------- lists */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list->prev = list;
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	entry->prev = head->prev;
	entry->next = head;
	head->prev->next = entry;
	head->prev = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_add_tail(entry, head->next);
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	entry->next = entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

static inline int list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_for_each_entry(pos, head, member)                                             \
	for (pos = list_first_entry(head, __typeof__(*pos), member); &pos->member != (head); \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)                                    \
	for (pos = list_first_entry(head, __typeof__(*pos), member),                        \
	    n = list_next_entry(pos, member);                                               \
	     &pos->member != (head); pos = n, n = list_next_entry(n, member))

/* ------------------------------------------------------------------- bitmaps */

#define BITS_PER_LONG 64
#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

static inline bool test_bit(unsigned long n, const unsigned long *map)
{
	return map[n / BITS_PER_LONG] >> (n % BITS_PER_LONG) & 1;
}

static inline void __set_bit(unsigned long n, unsigned long *map)
{
	map[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned long n, unsigned long *map)
{
	map[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

#define set_bit(n, map) __set_bit(n, map)
#define clear_bit(n, map) __clear_bit(n, map)

static inline bool test_and_set_bit(unsigned long n, unsigned long *map)
{
	bool was = test_bit(n, map);

	__set_bit(n, map);
	return was;
}

static inline void bitmap_zero(unsigned long *map, unsigned int bits)
{
	memset(map, 0, BITS_TO_LONGS(bits) * sizeof(*map));
}

static inline void bitmap_set(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__set_bit(start++, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, unsigned int n)
{
	while (n--)
		__clear_bit(start++, map);
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long size,
					  unsigned long from)
{
	while (from < size && !test_bit(from, map))
		from++;
	return from < size ? from : size;
}

static inline unsigned long find_next_zero_bit(const unsigned long *map, unsigned long size,
					       unsigned long from)
{
	while (from < size && test_bit(from, map))
		from++;
	return from < size ? from : size;
}

#define find_first_bit(map, size) find_next_bit(map, size, 0)
#define find_first_zero_bit(map, size) find_next_zero_bit(map, size, 0)
#define for_each_set_bit(bit, map, size)                                 \
	for ((bit) = find_first_bit(map, size); (bit) < (size);          \
	     (bit) = find_next_bit(map, size, (bit) + 1))

static inline unsigned int bitmap_weight(const unsigned long *map, unsigned int bits)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < bits; i++)
		n += test_bit(i, map);
	return n;
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int bits)
{
	return find_first_bit(map, bits) == bits;
}

/* As in the kernel: the first aligned run of nr zero bits, or something >= size. */
static inline unsigned long bitmap_find_next_zero_area(unsigned long *map, unsigned long size,
						       unsigned long start, unsigned int nr,
						       unsigned long align_mask)
{
	unsigned long index, end;

	for (;;) {
		index = find_next_zero_bit(map, size, start);
		index = (index + align_mask) & ~align_mask;
		end = index + nr;
		if (end > size)
			return end;
		start = find_next_bit(map, end, index);
		if (start >= end)
			return index;
		start++;
	}
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline int ilog2(u64 n)
{
	return 63 - __builtin_clzll(n);
}

static inline unsigned long rounddown_pow_of_two(unsigned long n)
{
	return 1UL << ilog2(n);
}

/* ------------------------------------------------------------------ unaligned */

#define nvvgpu_shim_unaligned(bits, order)                                   \
	static inline u##bits get_unaligned_##order##bits(const void *p)     \
	{                                                                    \
		u##bits v;                                                   \
                                                                             \
		memcpy(&v, p, sizeof(v));                                    \
		return order##bits##_to_cpu(v);                              \
	}                                                                    \
                                                                             \
	static inline void put_unaligned_##order##bits(u##bits v, void *p)   \
	{                                                                    \
		v = cpu_to_##order##bits(v);                                 \
		memcpy(p, &v, sizeof(v));                                    \
	}

nvvgpu_shim_unaligned(16, le)
nvvgpu_shim_unaligned(32, le)
nvvgpu_shim_unaligned(64, le)

/* ----------------------------------------------------------------------- time */

#define NSEC_PER_USEC 1000ULL
#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL
#define USEC_PER_SEC 1000000ULL

#ifdef NVVGPU_FAULT_INJECTION
/* Waiting costs no time: it moves this thread's clock. */
void nvvgpu_shim_wait(u64 ns);
u64 ktime_get_ns(void);
#else
static inline void nvvgpu_shim_wait(u64 ns)
{
	const struct timespec ts = { ns / NSEC_PER_SEC, ns % NSEC_PER_SEC };

	nanosleep(&ts, NULL);
}

static inline u64 ktime_get_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}
#endif

static inline u64 ktime_get_real_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

#define usleep_range(from, to) nvvgpu_shim_wait((from) * NSEC_PER_USEC)
#define msleep(ms) nvvgpu_shim_wait((ms) * NSEC_PER_MSEC)
#define cpu_relax() ((void)0)
#define cond_resched() ((void)0)

/* -------------------------------------------------------------------- strings */

static inline int vscnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	int n = vsnprintf(buf, size, fmt, args);

	if (n < 0 || !size)
		return 0;
	return (size_t)n < size ? n : (int)size - 1;
}

static inline __printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return n;
}

static inline ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t i;

	if (!size)
		return -E2BIG;
	for (i = 0; i < size - 1 && from[i]; i++)
		to[i] = from[i];
	to[i] = '\0';
	return from[i] ? -E2BIG : (ssize_t)i;
}

/* A sysfs attribute is one page. */
static inline __printf(3, 4) int sysfs_emit_at(char *buf, int at, const char *fmt, ...)
{
	va_list args;
	int n;

	if (at < 0 || at >= (int)PAGE_SIZE)
		return 0;
	va_start(args, fmt);
	n = vscnprintf(buf + at, PAGE_SIZE - at, fmt, args);
	va_end(args);
	return n;
}

#define sysfs_emit(buf, fmt, ...) sysfs_emit_at(buf, 0, fmt, ##__VA_ARGS__)

/* As in the kernel: digits, after a + perhaps; one newline may follow. */
static inline int kstrtou32(const char *text, unsigned int base, u32 *ret)
{
	const char *digits = text + (*text == '+');
	unsigned long long value;
	char *end;

	if (*digits < '0' || *digits > '9')
		return -EINVAL;
	value = strtoull(digits, &end, base);
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (value > U32_MAX)
		return -ERANGE;
	*ret = value;
	return 0;
}

/* The kernel's crc32_le: reflected polynomial 0xedb88320, no final inversion. */
static inline u32 crc32_le(u32 crc, const unsigned char *p, size_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return crc;
}

/* Version 4 (random), in RFC 4122 byte order. */
static inline void generate_random_uuid(unsigned char uuid[16])
{
	while (getrandom(uuid, 16, 0) != 16)
		;	/* a signal, while the system starts; so few bytes come whole */
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

/* ----------------------------------------------------------------- error pointers */

#define MAX_ERRNO 4095
#define ERR_PTR(e) ((void *)(intptr_t)(e))
#define PTR_ERR(p) ((long)(intptr_t)(p))
#define IS_ERR(p) ((uintptr_t)(p) >= (uintptr_t)-MAX_ERRNO)

#define EXPORT_SYMBOL_GPL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns)
#define THIS_MODULE NULL

#endif
