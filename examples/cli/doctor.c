// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "fail.h"
#include "json.h"
#include "table.h"

#define TEXT_INDENT 23		/* "problem  iommu-groups   " */

static void print_more(const char *title, const char *text)
{
	if (!*text)
		return;
	printf("%*s%s: ", TEXT_INDENT, "", title);
	print_wrapped(text, TEXT_INDENT + strlen(title) + 2);
}

/* Where all is well, what was seen is of no interest. */
static void print_finding(struct nvvgpu_finding *finding)
{
	enum nvvgpu_verdict verdict = nvvgpu_finding_get_verdict(finding);

	printf("%-8s %-13s ", nvvgpu_verdict_name(verdict),
	       nvvgpu_check_name(nvvgpu_finding_get_check(finding)));
	print_wrapped(nvvgpu_finding_get_text(finding), TEXT_INDENT);
	if (verdict == NVVGPU_VERDICT_OK)
		return;
	print_more("seen", nvvgpu_finding_get_evidence(finding));
	print_more("next", nvvgpu_finding_get_next_step(finding));
}

static void print_plain(const struct cli *cli, struct nvvgpu_finding_list *findings)
{
	struct nvvgpu_finding *finding;
	const char *object = "";
	size_t problems = 0;

	for (size_t i = 0; (finding = nvvgpu_finding_list_get(findings, i)); i++) {
		if (strcmp(object, nvvgpu_finding_get_object(finding))) {
			object = nvvgpu_finding_get_object(finding);
			printf("%s%s\n", i ? "\n" : "", object);
		}
		print_finding(finding);
		problems += nvvgpu_finding_get_verdict(finding) == NVVGPU_VERDICT_PROBLEM;
	}
	if (problems)
		note(cli, "%zu problem%s", problems, problems == 1 ? "" : "s");
	else
		note(cli, "no problems");
}

static int print_json(struct cli *cli, struct nvvgpu_finding_list *findings)
{
	struct text AUTO_TEXT text = TEXT_EMPTY;
	struct nvvgpu_finding *finding;

	text_add(&text, "{\"host\":");
	text_add_json(&text, nvvgpu_get_uri(cli->host));
	text_addf(&text, ",\"well\":%s,\"findings\":[",
		  nvvgpu_finding_list_is_well(findings) ? "true" : "false");
	for (size_t i = 0; (finding = nvvgpu_finding_list_get(findings, i)); i++) {
		char *object AUTO(string) = NULL;
		int err = nvvgpu_finding_to_json(finding, &object);

		if (err)
			return fail_library(cli, err);
		text_addf(&text, "%s\n  %s", i ? "," : "", object);
	}
	printf("%s\n]}\n", text_get(&text));
	return CLI_OK;
}

static int run_doctor(struct cli *cli)
{
	struct nvvgpu_finding_list *findings AUTO(finding_list) = NULL;
	unsigned int flags = option_given(cli, "no-open") ? NVVGPU_DOCTOR_NO_OPEN : 0;
	struct nvvgpu_gpu *gpu AUTO(gpu) = NULL;
	int err, code = open_host(cli);

	if (code)
		return code;
	err = word(cli, 0) ? nvvgpu_gpu_lookup(cli->host, word(cli, 0), &gpu) : 0;
	if (!err)
		err = nvvgpu_doctor(cli->host, gpu, flags, &findings);
	if (err)
		return fail_library(cli, err);
	if (cli->json)
		code = print_json(cli, findings);
	else
		print_plain(cli, findings);
	if (code)
		return code;
	return nvvgpu_finding_list_is_well(findings) ? CLI_OK : CLI_FAILED;
}

static const struct verb_option options[] = {
	{ 0, "no-open", NULL, "leave the VFIO devices of vGPUs alone" },
	{ 0 },
};

const struct verb verb_doctor = {
	.name = "doctor",
	.arguments = "[GPU]",
	.summary = "look for what keeps vGPUs from working",
	.details = "Look at kernel, IOMMU, VFIO, daemons, and at driver, framework, SR-IOV, MIG mode, "
		   "IOMMU groups, rights and types of one GPU or of all. Nothing is changed; the "
		   "device of a vGPU that nobody uses is opened for a moment and its regions are "
		   "read. Ends with 0 when no problem was found, with 1 when there is one.",
	.options = options,
	.max_words = 1,
	.run = run_doctor,
};
