"""Results of flow tests as JUnit XML, which every CI reads."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from services.cli.flow.suites import Report, SuiteRun


def junit_xml(report: Report) -> str:
    """One testsuite a file, one testcase a case; a failure holds the step and its sentence."""
    root = Element("testsuites", name="pytake flow test")
    for suite in report.suites:
        _add(root, suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _add(root: Element, suite: SuiteRun) -> None:
    name, seconds = str(suite.file), sum(case.seconds for case in suite.cases)
    counts = {"tests": str(len(suite.cases)), "failures": str(len(suite.failed)), "errors": "0"}
    element = SubElement(root, "testsuite", {"name": name, "time": f"{seconds:.6f}", **counts})
    for case in suite.cases:
        one = SubElement(element, "testcase", classname=name, name=case.name, time=f"{case.seconds:.6f}")
        if case.failure is not None:
            text = _printable(f"step {case.failure.step}: {case.failure.sentence}")
            SubElement(one, "failure", message=text).text = text


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")
