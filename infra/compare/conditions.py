"""Resolving a template for one set of parameters, as CloudFormation does before it creates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any

NO_VALUE = {"Ref": "AWS::NoValue"}


class Resolver:
    """Conditions and parameters of one template, with values."""

    def __init__(self, template: Mapping[str, Json], given: Mapping[str, str]) -> None:
        self._conditions: Mapping[str, Json] = template.get("Conditions", {})
        self._values: dict[str, Json] = {}
        for name, declared in template.get("Parameters", {}).items():
            value = given.get(name, declared.get("Default"))
            if value is None or (declared.get("NoEcho") and name in given):
                # Asked for at the deployment: it stays a reference.
                continue
            self._values[name] = _typed(declared["Type"], value)

    def resources(self, template: Mapping[str, Json]) -> dict[str, Json]:
        """The resources that there are."""
        return self._of(template["Resources"])

    def outputs(self, template: Mapping[str, Json]) -> dict[str, Json]:
        """The outputs that there are."""
        return self._of(template.get("Outputs", {}))

    def _of(self, section: Mapping[str, Json]) -> dict[str, Json]:
        existing = {}
        for name, each in section.items():
            if "Condition" not in each or self._holds({"Condition": each["Condition"]}):
                rest = {key: value for key, value in each.items() if key != "Condition"}
                existing[name] = self.value(rest)
        return existing

    def value(self, value: Json) -> Json:
        """The value without conditions, and with parameters in the places of their names."""
        if isinstance(value, list):
            resolved = [self.value(each) for each in value]
            return [each for each in resolved if each != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            name, so, otherwise = value["Fn::If"]
            return self.value(so if self._holds({"Condition": name}) else otherwise)
        if set(value) == {"Ref"} and value["Ref"] in self._values:
            return self._values[value["Ref"]]
        if "Fn::Sub" in value:
            return {"Fn::Sub": self._sub(value["Fn::Sub"])}
        resolved_map = {key: self.value(each) for key, each in value.items()}
        return {key: each for key, each in resolved_map.items() if each != NO_VALUE}

    def _sub(self, arguments: Json) -> Json:
        text, variables = arguments if isinstance(arguments, list) else (arguments, {})
        known = {name: value for name, value in self._values.items() if f"${{{name}}}" in text}
        return [text, {**known, **self.value(variables)}]

    def _holds(self, condition: Mapping[str, Json]) -> bool:
        ((function, arguments),) = condition.items()
        if function == "Condition":
            return self._holds(self._conditions[arguments])
        if function == "Fn::Equals":
            first, second = self.value(arguments)
            return bool(first == second)
        outcomes = [self._holds(each) for each in arguments]
        if function == "Fn::And":
            return all(outcomes)
        if function == "Fn::Or":
            return any(outcomes)
        if function == "Fn::Not":
            return not outcomes[0]
        raise ValueError(f"a condition of an unknown kind: {function}")


def _typed(kind: str, value: Json) -> Json:
    if kind == "CommaDelimitedList":
        return [part for part in str(value).split(",") if part]
    return str(value)
