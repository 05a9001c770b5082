# SPDX-License-Identifier: MIT
"""Findings of the doctor, and why lists are empty."""

from __future__ import annotations

import pickle
from typing import Callable

import pytest

import nvvgpu
from nvvgpu import Check, Reason, Verdict
from support import ADDRESS, parsed

def by_check(findings: list[nvvgpu.Finding]) -> dict[Check, nvvgpu.Finding]:
    return {finding.check: finding for finding in findings}


def test_emulated(host: nvvgpu.Host, vgpu: nvvgpu.VGPU) -> None:
    findings = host.doctor()
    found = by_check(findings)
    assert found[Check.SRIOV].verdict is Verdict.OK
    assert found[Check.SRIOV].object == ADDRESS
    assert found[Check.KERNEL].object == host.uri
    assert vgpu.uuid in found[Check.DEVICE].text
    assert vgpu.state() is nvvgpu.VGPUState.ASSIGNED
    assert Check.DEVICE not in by_check(host.doctor(open=False))
    assert not any(finding.verdict is Verdict.PROBLEM for finding in findings)


def test_one_gpu() -> None:
    with nvvgpu.open("emu:l40*2") as host:
        assert {finding.object for finding in host.doctor()} == \
            {host.uri, *(gpu.address for gpu in host.gpus)}
        assert {finding.object for finding in host.doctor(host.gpus[1])} == \
            {host.uri, host.gpus[1].address}


def test_problems(tree: Callable[[str], nvvgpu.Host]) -> None:
    found = {(finding.check, finding.object): finding for finding in tree("odds").doctor()}
    driver = found[Check.DRIVER, "0000:02:00.0"]
    assert (driver.verdict, driver.reason) == (Verdict.PROBLEM, Reason.NO_DRIVER)
    assert driver.evidence and driver.next_step


def test_json(host: nvvgpu.Host) -> None:
    for finding in host.doctor():
        reason = str(finding.reason) if finding.reason else None
        assert parsed(finding) == {
            "check": str(finding.check), "verdict": str(finding.verdict), "reason": reason,
            "object": finding.object, "text": finding.text, "evidence": finding.evidence,
            "next_step": finding.next_step}


def test_findings_outlive_their_host(host: nvvgpu.Host) -> None:
    finding = host.doctor()[0]
    host.close()
    assert parsed(finding)["text"] == finding.text
    copy = pickle.loads(pickle.dumps(finding))
    assert copy == finding
    with pytest.raises(ValueError):
        copy.to_json()
    with pytest.raises(ValueError):
        host.doctor()


def test_empty_lists(host: nvvgpu.Host, gpu: nvvgpu.GPU) -> None:
    assert host.gpus.reason is Reason.NONE and host.gpus.reason_text == ""
    assert host.vgpus() == [] and host.vgpus().reason is Reason.NOT_FOUND
    assert gpu.vgpus().reason is Reason.NOT_FOUND and gpu.vgpus().reason_text
    assert gpu.types().reason is Reason.NONE
    for _ in range(32):
        gpu.create("L40-1B")
    assert gpu.types(creatable=True) == []
    assert gpu.types(creatable=True).reason is Reason.EXHAUSTED
    assert gpu.vgpus().reason is Reason.NONE


def test_empty_machine(tree: Callable[[str], nvvgpu.Host]) -> None:
    assert tree("odds").vgpus().reason is Reason.PASSTHROUGH
