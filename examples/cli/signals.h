/* SPDX-License-Identifier: MIT */
#ifndef NVVGPU_CLI_SIGNALS_H
#define NVVGPU_CLI_SIGNALS_H

/* A read, write or wait that the signal meets comes back with EINTR; what the caller had this
 * process ignore (nohup, a shell's background) stays ignored.
 */
void catch_signal(int number, void (*handler)(int number));
/* Ends what catch_signal() began; no harm if it did not. */
void release_signal(int number, void (*handler)(int number));

#endif
