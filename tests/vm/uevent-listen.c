/* SPDX-License-Identifier: MIT */
/* Prints the kernel's uevents of subsystem nvvgpu, one variable a line, until it is killed. */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char buf[8192];
	ssize_t len;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("uevent-listen");
		return 1;
	}
	while ((len = recv(fd, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[len] = '\0';
		if (!memmem(buf, len, "SUBSYSTEM=nvvgpu", strlen("SUBSYSTEM=nvvgpu") + 1))
			continue;
		for (const char *p = buf; p < buf + len; p += strlen(p) + 1)
			puts(p);
		fflush(stdout);
	}
	return 0;
}
