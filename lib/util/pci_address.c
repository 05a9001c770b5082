// SPDX-License-Identifier: MIT
/* PCI addresses: "0000:41:00.0", "41:00.0", NVML's "00000000:41:00.0". */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "internal.h"

struct address {
	unsigned long domain, bus, device, function;
};

/* A hexadecimal field of at most @digits digits that ends with @end. */
static int parse_field(const char **text, unsigned int digits, char end, unsigned long *ret)
{
	const char *p = *text;
	unsigned long value = 0;

	while (isxdigit((unsigned char)*p) && digits--) {
		int c = tolower((unsigned char)*p++);

		value = value << 4 | (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (p == *text || *p != end)
		return -EINVAL;
	*text = end ? p + 1 : p;
	*ret = value;
	return 0;
}

static int parse(const char *text, struct address *ret)
{
	struct address a = { 0 };
	const char *first;

	if (!text)
		return -EINVAL;
	first = strchr(text, ':');
	if (first && strchr(first + 1, ':') && parse_field(&text, 8, ':', &a.domain))
		return -EINVAL;
	if (parse_field(&text, 2, ':', &a.bus) || parse_field(&text, 2, '.', &a.device) ||
	    parse_field(&text, 1, '\0', &a.function))
		return -EINVAL;
	if (a.device > 0x1f || a.function > 7)
		return -EINVAL;
	*ret = a;
	return 0;
}

int pci_address_canonical(const char *text, char out[PCI_ADDRESS_LEN])
{
	struct address a;

	if (parse(text, &a))
		return -EINVAL;
	snprintf(out, PCI_ADDRESS_LEN, "%04x:%02x:%02x.%x", (unsigned int)a.domain,
		 (unsigned int)a.bus, (unsigned int)a.device, (unsigned int)a.function);
	return 0;
}

static int compare(unsigned long a, unsigned long b)
{
	return (a > b) - (a < b);
}

/* What is no address sorts behind those that are, by its text. */
int pci_address_compare(const char *a, const char *b)
{
	struct address x, y;
	int no_x = parse(a, &x), no_y = parse(b, &y), diff;

	if (no_x || no_y)
		return no_x && no_y ? strcmp(a, b) : (no_x ? 1 : -1);
	diff = compare(x.domain, y.domain);
	if (!diff)
		diff = compare(x.bus, y.bus);
	if (!diff)
		diff = compare(x.device, y.device);
	return diff ? diff : compare(x.function, y.function);
}
