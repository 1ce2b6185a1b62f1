"""Flows held against the configuration: every name that one says must be in the other."""

from __future__ import annotations

from mediaserver.config import ConfigError, Settings
from mediaserver.config.problems import Problem, did_you_mean
from mediaserver.ivr.flow import Flow, QueueNode, load_all


def check_flows(settings: Settings) -> dict[str, Flow]:
    """The flows, after holding them against the settings.

    Raises FlowError for a faulty flow file, ConfigError for names that do not exist.
    """
    flows = load_all(settings.flows.directory)
    problems = [
        Problem(
            ("route", i, "flow"),
            f"there is no such flow; {did_you_mean(r.flow, list(flows))}",
            r.flow,
        )
        for i, r in enumerate(settings.routes)
        if r.flow and r.flow not in flows
    ]
    for name in sorted({route.flow for route in settings.routes} & set(flows)):
        problems += _flow_problems(flows[name], settings)
        problems += _overflow_problems(flows[name], settings)
    if problems:
        raise ConfigError(problems)
    return flows


def _flow_problems(flow: Flow, settings: Settings) -> list[Problem]:
    known = {
        "queue": [queue.name for queue in settings.queues],
        "agent": [agent.name for agent in settings.agents],
        "extension": [phone.number for phone in settings.phones()],
        "trunk": [group.name for group in settings.trunk_groups],
    }
    return [
        Problem(
            ("flow", flow.name, "node", name, key),
            f"there is no such {key} in the settings; {did_you_mean(given, names)}",
            given,
        )
        for name, node in flow.node.items()
        for key, names in known.items()
        if (given := getattr(node, key, "")) and given not in names and "{" not in given
    ]


def _overflow_problems(flow: Flow, settings: Settings) -> list[Problem]:
    """A queue's `overflow_node` must be in each flow that leaves it to the queue."""
    used = {
        node.queue
        for node in flow.node.values()
        if isinstance(node, QueueNode) and not node.on_overflow
    }
    return [
        Problem(
            ("queue", i, "overflow_node"),
            f"flow {flow.name} has no such node; {did_you_mean(q.overflow_node, list(flow.node))}",
            q.overflow_node,
        )
        for i, q in enumerate(settings.queues)
        if q.name in used and q.overflow_node and q.overflow_node not in flow.node
    ]
