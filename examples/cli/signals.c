// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include "signals.h"

static bool has_handler(int number, void (*handler)(int number))
{
	struct sigaction action;

	return !sigaction(number, NULL, &action) && action.sa_handler == handler;
}

void catch_signal(int number, void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler };

	sigfillset(&action.sa_mask);
	if (!has_handler(number, SIG_IGN))
		sigaction(number, &action, NULL);
}

void release_signal(int number, void (*handler)(int number))
{
	if (has_handler(number, handler))
		signal(number, SIG_DFL);
}
