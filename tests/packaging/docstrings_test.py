#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Comments of C headers, as bindings/docstrings.py shows them to a Python reader, and the
directories that bindings/install_paths.py chooses.

usage: docstrings_test.py SOURCE_ROOT [unittest arguments]
"""

import ast
import contextlib
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.path.insert(0, str(ROOT / "bindings"))

import docstrings       # noqa: E402 (the path is known only now)
import install_paths    # noqa: E402

HEADERS = sorted((ROOT / "include/nvvgpu").glob("*.h"))


def texts_of(header):
    """{function: docstring} of a header's text."""
    found, errors = docstrings.fragment({"test.h": textwrap.dedent(header)})
    assert not errors, errors
    return parsed(found)


def parsed(fragment):
    """{function: docstring} of a fragment; a prototype is left out."""
    found = {}
    for name, quoted in re.findall(r'^%feature\("docstring"\) (\w+)(?:\([^"]*\))? "(.*?)";$',
                                   fragment, re.S | re.M):
        found[name] = re.sub(r"\\(.)", r"\1", quoted)
    return found


def text_of(header):
    (text,) = texts_of(header).values()
    return text


class Comments(unittest.TestCase):
    """One comment, one docstring."""

    def expect(self, header, text):
        self.assertEqual(text_of(header), textwrap.dedent(text).strip("\n"))

    def test_all_parts(self):
        self.expect("""
            /**
             * nvvgpu_thing_open - open a thing
             * @uri: NULL or "host:" for the running host;
             *       or another
             * @ret: a new reference, to be given back with nvvgpu_thing_unref()
             *
             * Cheap: nothing is searched before.
             * That comes later.
             *
             * Second paragraph, of @uri.
             *
             * Return: 0; -EINVAL malformed
             * uri; -EACCES; -EIO.
             */
            int nvvgpu_thing_open(const char *uri, struct nvvgpu_thing **ret);
            """, """
            Open a thing.

            Cheap: nothing is searched before. That comes later.

            Second paragraph, of uri.

            Args:
                uri: None or "host:" for the running host; or another

            Errors:
                EINVAL: malformed uri
                EACCES
                EIO
            """)

    def test_value_on_one_line(self):
        self.expect("/** nvvgpu_gpu_get_driver - Return: its name; NULL: none is bound */\n"
                    "const char *nvvgpu_gpu_get_driver(struct nvvgpu_gpu *gpu);\n",
                    "Its name; None: none is bound.")

    def test_value_and_errors_on_one_line(self):
        self.expect("/** nvvgpu_t_get_n - @ret: how many.  Return: 0; -ENODATA unknown */\n"
                    "int nvvgpu_t_get_n(struct t *t, uint32_t *ret);\n",
                    """
                    How many.

                    Errors:
                        ENODATA: unknown
                    """)

    def test_comma_after_nought(self):
        self.expect("""
            /** nvvgpu_t_add - key and value.  Return: 0, -EINVAL for
             * ',' or ';' within */
            int nvvgpu_t_add(struct t *t, const char *key);
            """, """
            Key and value.

            Errors:
                EINVAL: for ',' or ';' within
            """)

    def test_success_with_a_condition(self):
        self.expect("""
            /**
             * nvvgpu_t_end - end it
             * Return: 0 (also when it is gone); -EBUSY in use; or why the search failed.
             */
            int nvvgpu_t_end(struct t *t);
            """, """
            End it.

            Succeeds also when it is gone.

            Errors:
                EBUSY: in use
                why the search failed
            """)

    def test_remark_behind_the_errors(self):
        self.expect("""
            /**
             * nvvgpu_t_make - make it
             * Return: 0; -EPIPE, -ENOSPC ... of @fd; -ENOMEM (nothing
             * changes).  nvvgpu_last_error() has the reason code.
             */
            int nvvgpu_t_make(int fd);
            """, """
            Make it.

            The exception has the reason code.

            Errors:
                EPIPE, ENOSPC ... of fd
                ENOMEM: nothing changes
            """)

    def test_value_of_a_counting_call(self):
        self.expect("/** nvvgpu_t_read - Return: bytes (all of @len) or a negative errno */\n"
                    "ssize_t nvvgpu_t_read(struct t *t, size_t len);\n",
                    "Bytes (all of len).")

    def test_number_that_begins_with_nought(self):
        self.expect("/** nvvgpu_t_get_n - Return: 0x10 or more */\n"
                    "int nvvgpu_t_get_n(struct t *t);\n", "0x10 or more.")

    def test_only_an_errno(self):
        self.expect("/** nvvgpu_gpu_get_mode - Return: 0 or a negative errno */\n"
                    "int nvvgpu_gpu_get_mode(struct nvvgpu_gpu *gpu, enum nvvgpu_mode *ret);\n",
                    "Mode of the GPU.")

    def test_ownership_is_left_out(self):
        self.expect("""
            /**
             * nvvgpu_t_list - the things
             * @ret: a new reference; an empty list is a valid answer
             * @ret_count: how many; may be NULL
             */
            int nvvgpu_t_list(struct t *t, struct list **ret, size_t *ret_count);
            """, """
            The things.

            Returns:
                an empty list is a valid answer
                count: how many
            """)
        self.expect("/** nvvgpu_t_get - Return: lent as long as t lives; NULL past the last */\n"
                    "struct x *nvvgpu_t_get(struct t *t, size_t index);\n",
                    "One entry; None past the last.")
        self.expect("/** nvvgpu_t_drop - give it back; NULL is allowed.  Return: NULL */\n"
                    "struct t *nvvgpu_t_drop(struct t *t);\n",
                    "Give it back; None is allowed.")

    def test_word_with_capitals_stays(self):
        self.expect("/** nvvgpu_t_do - vGPUs, all of them */\nvoid nvvgpu_t_do(struct t *t);\n",
                    "vGPUs, all of them.")

    def test_names_of_the_package(self):
        self.expect("""
            /**
             * nvvgpu_t_do - as nvvgpu_create(); nvvgpu_vgpu_was_created() tells
             *
             * NVVGPU_REASON_NONE and enum nvvgpu_vgpu_state, NVVGPU_STAT_VGPUS,
             * nvvgpu_gpu_get_reason(), NVVGPU_TYPE_ALL; nvvgpu_of_tomorrow() stays.
             */
            void nvvgpu_t_do(struct t *t);
            """, """
            As GPU.create(); VGPU.created tells.

            Reason.NONE and VGPUState, Statistic.VGPUS, GPU.reason, all; nvvgpu_of_tomorrow()
            stays.
            """)

    def test_long_lines_are_wrapped(self):
        text = text_of("/** nvvgpu_t_do - " + "word " * 60 + "\n * @a: " + "word " * 60 + " */\n"
                       "void nvvgpu_t_do(int a);\n")
        self.assertLessEqual(max(map(len, text.splitlines())), docstrings.WIDTH)
        self.assertIn("\n        word", text)


class Blocks(unittest.TestCase):
    """Functions that have no comment of their own."""

    def test_shared_comment_of_a_block(self):
        texts = texts_of("""
            /**
             * DOC: JSON
             *
             * Each renders one object.  @ret is freed with nvvgpu_free().  Return: 0;
             * -ENOMEM; or the error of a live value.
             */
            int nvvgpu_a_to_json(struct a *a, char **ret);
            int nvvgpu_b_to_json(struct b *b, char **ret);
            """)
        wanted = "Each renders one object.\n\nErrors:\n    ENOMEM\n    the error of a live value"
        self.assertEqual(texts, {"nvvgpu_a_to_json": wanted, "nvvgpu_b_to_json": wanted})

    def test_names_that_say_all(self):
        texts = texts_of("""
            /** nvvgpu_gpu_open - open it */
            int nvvgpu_gpu_open(struct nvvgpu_gpu **ret);
            struct nvvgpu_gpu *nvvgpu_gpu_ref(struct nvvgpu_gpu *gpu);
            uint16_t nvvgpu_gpu_get_device_id(struct nvvgpu_gpu *gpu);
            bool nvvgpu_stream_info_has_checksums(struct nvvgpu_stream_info *info);
            bool nvvgpu_gpu_is_there(struct nvvgpu_gpu *gpu);
            void nvvgpu_spec_set_vf(struct nvvgpu_spec *spec);
            size_t nvvgpu_gpu_list_size(struct nvvgpu_gpu_list *list);
            const char *nvvgpu_event_kind_name(enum nvvgpu_event_kind kind);
            """)
        self.assertEqual(list(texts.values()), [
            "Open it.", "Take another reference.", "Device id of the GPU.",
            "Whether the stream info has checksums.", "Whether the GPU is there.",
            "Set the VF of the spec.", "Number of entries.", "Name of the event kind."])

    def test_values_beside_and_above(self):
        texts = texts_of("""
            /* Facts; strings live as long as the GPU. */
            const char *nvvgpu_gpu_get_address(struct nvvgpu_gpu *gpu);	/* "0000:41:00.0" */
            uint16_t nvvgpu_gpu_get_vendor_id(struct nvvgpu_gpu *gpu);
            /* "NVS", "Quadro" */
            const char *nvvgpu_gpu_get_class(struct nvvgpu_gpu *gpu);
            /** nvvgpu_gpu_get_driver - Return: NULL when unknown */
            const char *nvvgpu_gpu_get_driver(struct nvvgpu_gpu *gpu);
            """)
        self.assertEqual(list(texts.values()), [
            'Address of the GPU: "0000:41:00.0".', "Vendor id of the GPU.",
            'Class of the GPU: "NVS", "Quadro".', "Driver of the GPU; None when unknown."])

    def errors_of(self, header):
        return docstrings.fragment({"a.h": textwrap.dedent(header)})[1]

    def test_no_comment_is_an_error(self):
        errors = self.errors_of("\nint nvvgpu_gpu_get_id(struct nvvgpu_gpu *gpu);\n")
        self.assertEqual(errors, ["a.h:2: nvvgpu_gpu_get_id has no doc comment of its own and "
                                  "shares none"])

    def test_a_comment_of_another_block_is_not_shared(self):
        self.assertEqual(len(self.errors_of("""
            /** nvvgpu_gpu_get_a - Return: a */
            int nvvgpu_gpu_get_a(struct nvvgpu_gpu *gpu);

            int nvvgpu_gpu_get_b(struct nvvgpu_gpu *gpu);
            """)), 1)

    def test_a_name_that_does_not_say_all_is_an_error(self):
        self.assertEqual(len(self.errors_of("""
            /** nvvgpu_gpu_get_a - Return: a */
            int nvvgpu_gpu_get_a(struct nvvgpu_gpu *gpu);
            int nvvgpu_gpu_explode(struct nvvgpu_gpu *gpu);
            """)), 1)

    def test_a_plain_comment_documents_nothing(self):
        self.assertEqual(len(self.errors_of("""
            /* nvvgpu_gpu_get_a - Return: a */
            int nvvgpu_gpu_get_a(struct nvvgpu_gpu *gpu);
            """)), 1)

    def test_what_is_not_a_function(self):
        self.assertEqual(texts_of("""
            /** typedef nvvgpu_fn - called */
            typedef int (*nvvgpu_fn)(void *arg);
            /** struct nvvgpu_gpu - a GPU */
            struct nvvgpu_gpu;
            #define NVVGPU_CALL(x) nvvgpu_call(x);
            enum nvvgpu_mode {
            	NVVGPU_GPU_MODE_UNKNOWN = 0,	/* nvvgpu_mode(x); */
            };
            """), {})


class Program(unittest.TestCase):
    """The program on files."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.output = self.directory / "docstrings.i"

    def test_undocumented_function_fails_and_writes_nothing(self):
        header = self.directory / "x.h"
        header.write_text("int nvvgpu_open(const char *uri);\n")
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            status = docstrings.main([str(header), "-o", str(self.output)])
        self.assertEqual(status, 1)
        self.assertIn("x.h:1: nvvgpu_open", said.getvalue())
        self.assertFalse(self.output.exists())

    def test_public_headers(self):
        """Every exported function has a docstring, which speaks no C."""
        self.assertEqual(docstrings.main([*map(str, HEADERS), "-o", str(self.output)]), 0)
        texts = parsed(self.output.read_text())
        exported = set(re.findall(r"^\s*(nvvgpu_\w+);",
                                  (ROOT / "lib/libnvvgpu.map").read_text(), re.M))
        self.assertEqual(set(texts), exported)
        # what remains names functions that no Python reader calls
        remaining = {"nvvgpu_unref"}
        for name, text in texts.items():
            with self.subTest(name):
                self.assertNotRegex(text, r"\bNULL\b|@\w|-E[A-Z]|\bNVVGPU_|\bReturn:|\*/|/\*")
                self.assertLessEqual(set(re.findall(r"\bnvvgpu_\w+", text)), remaining)
                self.assertRegex(text.split("\n\n")[0], r"[.!?]\Z")
                self.assertEqual(text, text.strip())

    @unittest.skipUnless(shutil.which("swig"), "swig is not installed")
    def test_swig_hands_the_text_on(self):
        """Quotes, backslashes and a name that a structure has too arrive as they are."""
        header = self.directory / "x.h"
        header.write_text(r'''
/** struct nvvgpu_gpu_list - some */
struct nvvgpu_gpu_list;

/**
 * nvvgpu_gpu_list - 'a', "b" and \c, 100%
 *
 * Ends in a quote: """ and ''' + "'''" + r'''
 * "quoted"
 */
int nvvgpu_gpu_list(const char *uri, struct nvvgpu_gpu_list **ret);
''')
        docstrings.main([str(header), "-o", str(self.output)])
        wanted = parsed(self.output.read_text())["nvvgpu_gpu_list"]
        self.assertIn('\\c, 100%', wanted)
        interface = self.directory / "x.i"
        interface.write_text('%module x\n%include "docstrings.i"\n%include "x.h"\n')
        subprocess.run(["swig", "-python", "-o", str(self.directory / "wrap.c"), str(interface)],
                       check=True, cwd=self.directory)
        tree = ast.parse((self.directory / "x.py").read_text())
        (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)
                       and node.name == "nvvgpu_gpu_list"]
        self.assertEqual(ast.get_docstring(function), wanted)


class InstallPaths(unittest.TestCase):
    """Directories of a package and its way to the library."""

    debian = ["/usr/local/lib/python3.11/dist-packages", "/usr/lib/python3/dist-packages"]

    def test_directory_that_is_searched_stays(self):
        self.assertEqual(install_paths.searched("/usr", self.debian[1], self.debian),
                         self.debian[1])

    def test_directory_that_is_not_searched_is_replaced(self):
        self.assertEqual(install_paths.searched(
            "/usr/local", "/usr/local/lib/python3/dist-packages", self.debian), self.debian[0])

    def test_usr_does_not_take_the_directory_of_usr_local(self):
        self.assertEqual(install_paths.searched(
            "/usr", "/usr/lib/python3.12/dist-packages", self.debian), self.debian[1])

    def test_prefix_of_its_own(self):
        self.assertEqual(install_paths.searched(
            "/opt/x", "/opt/x/lib/python3/dist-packages", self.debian),
            "/opt/x/lib/python3/dist-packages")

    def test_prefix_with_a_common_beginning(self):
        self.assertEqual(install_paths.searched("/us", "/us/lib/python3", self.debian),
                         "/us/lib/python3")

    def test_run_path(self):
        self.assertEqual(install_paths.run_path(
            "/opt/x", "/opt/x/lib64", "/opt/x/lib/python3/site-packages/nvvgpu"),
            "$ORIGIN/../../../../lib64")
        self.assertEqual(install_paths.run_path("/usr", "/usr/lib", "/usr/lib/python3/nvvgpu"), "")


if __name__ == "__main__":
    unittest.main()
