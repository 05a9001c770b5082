/* SPDX-License-Identifier: MIT */
/*
 * Captured machines as text: tests/data/NAME.tree becomes a directory with a
 * sys/ in it, symbolic links included, to be opened as tree:DIR.
 *
 *	# a remark
 *	pci 0000:41:00.0		a PCI function; what follows indented is in its directory
 *		vendor 0x10de		an attribute: the rest of the line and a newline; \n is one
 *		nvidia/placement_id 0	one in a subdirectory
 *		drm/card0/		an empty directory
 *		driver -> nvidia	a link, to where the kernel lets links of that name lead
 *		virtfn0 -> 0000:41:00.4
 *	file module/nvidia/version 550.90.05
 */
#ifndef NVVGPU_TESTS_TREE_H
#define NVVGPU_TESTS_TREE_H

struct tree {
	char dir[64];		/* holds the sys/ */
	char uri[80];		/* "tree:" and dir */
};

/* Fails the running test when it cannot be made. */
void tree_make(struct tree *tree, const char *name);
/* A host of any size: see hosts.h. */
struct host_spec;
void tree_generate(struct tree *tree, const struct host_spec *spec);
/* One more file, sys/@path, of @len bytes. */
void tree_file(const struct tree *tree, const char *path, const void *data, unsigned long len);
/* The same outside of sys/. */
void tree_root_file(const struct tree *tree, const char *path, const void *data,
		    unsigned long len);
void tree_link(const struct tree *tree, const char *path, const char *target);
/* Takes away a file, a link or an empty directory. */
void tree_drop(const struct tree *tree, const char *path);
/* Packs it into an archive beside it; the tree is opened as that from then on. */
void tree_pack(struct tree *tree);
void tree_remove(struct tree *tree);

#endif
