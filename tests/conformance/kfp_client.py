"""Kubeflow's own client, generated from the OpenAPI description, in an environment of its own. It reads a request as
JSON and prints the answer as JSON; nothing of ours is imported.

    {"url": ..., "body": a run to create} -> what the client made of each answer of the server there
    {"known": [[name of a model, data], ...]} -> {"unknown": [keys that no model has, as paths]}
"""

import inspect
import json
import re
import sys
import warnings

warnings.simplefilter("ignore")

import kfp_server_api as api
from kfp_server_api import models


def unknown(kind, data, where):
    """Keys of the data that the model of that name does not have, and values that its types do not allow."""
    if kind.startswith("list["):
        return [found for n, item in enumerate(data) for found in unknown(kind[5:-1], item, f"{where}[{n}]")]
    model = getattr(models, kind, None)
    if model is None:
        simple = {"str": str, "int": int, "bool": bool, "datetime": str, "object": object}
        wanted = dict if kind.startswith("dict(") else simple[kind]
        return [] if isinstance(data, wanted) else [f"{where}: {data!r} is no {kind}"]
    if hasattr(model, "allowable_values") and not model.openapi_types:
        return [] if data in model.allowable_values else [f"{where}: {data!r} is no {kind}"]
    if not isinstance(data, dict):
        return [f"{where}: {data!r} is no {kind}"]
    types = {model.attribute_map[name]: said for name, said in model.openapi_types.items()}
    found = [f"{where}.{key}" for key in data if key not in types]
    for key in data:
        found += unknown(types[key], data[key], f"{where}.{key}") if key in types else []
    return found


def paths():
    """Methods and paths of all calls that the client has."""
    text = inspect.getsource(api.api.run_service_api) + inspect.getsource(api.api.experiment_service_api)
    text += inspect.getsource(api.api.healthz_service_api)
    return [[method, path] for path, method in re.findall(r"'(/apis/v2beta1/[^']*)', '([A-Z]+)'", text)]


def use(url, body):
    """Every call that the target makes, by the client."""
    client = api.ApiClient(api.Configuration(host=url))
    runs, experiments = api.RunServiceApi(client), api.ExperimentServiceApi(client)
    health = api.HealthzServiceApi(client)
    names = {name: getattr(runs, name) for name in dir(runs)}

    def call(end, *arguments, **more):
        [name] = [name for name in names if name.lower().endswith(end)]
        return names[name](*arguments, **more)

    [get_health] = [name for name in dir(health) if name.endswith("get_healthz")]
    [create] = [name for name in dir(experiments) if name.endswith("create_experiment")]
    [listing] = [name for name in dir(experiments) if name.endswith("list_experiments")]
    made = getattr(experiments, create)(models.V2beta1Experiment(display_name="wine"))
    wanted = {"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": "wine"}]}
    found = getattr(experiments, listing)(filter=json.dumps(wanted))
    model = models.V2beta1Run(**{**body, "experiment_id": made.experiment_id})
    run = call("create_run", model)
    shown = [call("get_run", run.run_id) for _ in range(3)]
    call("terminate_run", run.run_id)
    call("retry_run", run.run_id)
    call("delete_run", run.run_id)
    try:
        call("get_run", run.run_id)
        gone = 0
    except api.ApiException as error:
        gone = error.status
    return {
        "multi_user": getattr(health, get_health)().multi_user,
        "experiments": [item.display_name for item in found.experiments],
        "states": [item.state for item in shown],
        "finished": [item.finished_at.isoformat() for item in shown],
        "tasks": [[task.display_name, task.state] for task in shown[-1].run_details.task_details or ()],
        "children": [len(task.child_tasks or ()) for task in shown[-1].run_details.task_details or ()],
        "gone": gone,
    }


asked = json.load(sys.stdin)
if "url" in asked:
    print(json.dumps(use(asked["url"], asked["body"])))
else:
    wrong = [found for kind, data in asked["known"] for found in unknown(kind, data, kind)]
    print(json.dumps({"unknown": wrong, "paths": paths()}))
