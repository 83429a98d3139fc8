"""Kubeflow Pipelines' own SDK, in an environment of its own: what it makes of the graphs that our tests compile, and
what it says of ours. It reads a request as JSON and prints the answer as JSON; nothing of ours is imported.

    {"graphs": true}          -> {name: [PipelineSpec, platform spec]}
    {"accept": [path, ...]}   -> {path: [names of inputs]}; fails with the SDK's error
    {"conditions": [[condition, {name: value}], ...]} -> {"conditions": [true or false, or the error's text]}
"""

import json
import sys
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import celpy
import yaml
from google.protobuf import json_format
from kfp import compiler, components, dsl, kubernetes
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

In, Out, Art = dsl.Input, dsl.Output, dsl.Artifact
GRAPHS = {}


def spec():
    return dsl.ContainerSpec(image="img", command=["python3"], args=["x"])


@dsl.container_component
def load(bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def left(load: In[Art], bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def right(load: In[Art], bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def join(left: In[Art], right: In[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def measure(bundle: Out[Art], notebook: Out[Art], acc: dsl.OutputPath(float)):
    return spec()


@dsl.container_component
def tune(measure: In[Art], bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def tune_not_run(measure: In[Art], bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def use(tune: In[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def typed(depth: int, lr: float, tag: str, flag: bool, rows: list, table: dict, notebook: Out[Art]):
    return spec()


@dsl.container_component
def score(load: In[Art], depth: int, bundle: Out[Art], notebook: Out[Art]):
    return spec()


@dsl.container_component
def total(score: In[list[Art]], notebook: Out[Art]):
    return spec()


@dsl.container_component
def quiet(notebook: Out[Art]):
    return spec()


@dsl.container_component
def bye(notebook: Out[Art]):
    return spec()


def graph(function):
    GRAPHS[function.__name__] = dsl.pipeline(name=function.__name__.replace("_", "-"))(function)
    return function


@graph
def chain():
    left(load=load().outputs["bundle"])


@graph
def after():
    quiet().after(load())


@graph
def diamond():
    start = load().outputs["bundle"]
    join(left=left(load=start).outputs["bundle"], right=right(load=start).outputs["bundle"])


@graph
def parameters(
    depth: int, lr: float = 0.1, tag: str = "a", flag: bool = True, rows: list = [1, 2], table: dict = {"a": 1}
):
    typed(depth=depth, lr=lr, tag=tag, flag=flag, rows=rows, table=table)


@graph
def condition():
    first = measure()
    with dsl.If(first.outputs["acc"] < 0.9):
        use(tune=tune(measure=first.outputs["bundle"]).outputs["bundle"])


@graph
def condition_on_a_parameter(depth: int = 3, tag: str = "a"):
    with dsl.If(depth >= 2):
        quiet()


@graph
def either():
    first = measure()
    with dsl.If(first.outputs["acc"] < 0.9):
        one = tune(measure=first.outputs["bundle"])
    with dsl.Else():
        other = tune_not_run(measure=first.outputs["bundle"])
    use(tune=dsl.OneOf(one.outputs["bundle"], other.outputs["bundle"]))


@graph
def loop():
    start = load().outputs["bundle"]
    with dsl.ParallelFor([2, 4, 8]) as item:
        each = score(load=start, depth=item)
    total(score=dsl.Collected(each.outputs["bundle"]))


@graph
def exit_handler():
    last = bye().set_caching_options(False)
    with dsl.ExitHandler(last):
        left(load=load().outputs["bundle"])


@graph
def retries():
    quiet().set_retry(3, backoff_duration="10s", backoff_factor=1.5, backoff_max_duration="60s")


@graph
def resources():
    task = quiet().set_cpu_request("2").set_cpu_limit("2").set_memory_request("1Gi").set_memory_limit("1Gi")
    task.set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(1)


@graph
def caching_off():
    quiet().set_caching_options(False)


@graph
def environment():
    quiet().set_env_variable("A", "b")


@graph
def on_kubernetes():
    task = quiet()
    kubernetes.use_config_map_as_volume(task, config_map_name="CODE", mount_path="/jupyter-mlops")
    kubernetes.mount_pvc(task, pvc_name="data", mount_path="/data")
    kubernetes.use_secret_as_env(task, secret_name="s", secret_key_to_env={"k": "E"})
    kubernetes.set_timeout(task, 90)
    kubernetes.add_pod_label(task, "team", "a")
    kubernetes.add_pod_annotation(task, "note", "b")


def compiled(pipeline):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ir.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        return (list(yaml.safe_load_all(path.read_text())) + [{}])[:2]


def accepted(path):
    """What the SDK reads it as; every message is parsed, as the SDK leaves the executors unread."""
    documents = list(yaml.safe_load_all(Path(path).read_text()))
    json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
    json_format.ParseDict(documents[0]["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
    for settings in documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        json_format.ParseDict(settings, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
    return sorted(components.load_component_from_file(path).component_spec.inputs or {})


def evaluated(condition, values):
    """As the backend does: every number is a double."""
    inputs = celpy.json_to_cel({"parameter_values": {key: doubles(value) for key, value in values.items()}})
    environment = celpy.Environment()
    try:
        return bool(environment.program(environment.compile(condition)).evaluate({"inputs": inputs}))
    except (celpy.CELEvalError, celpy.CELParseError) as error:
        return f"{condition}: {error}"


def doubles(value):
    if isinstance(value, list):
        return [doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


request = json.load(sys.stdin)
answer = {name: compiled(pipeline) for name, pipeline in GRAPHS.items()} if request.get("graphs") else {}
answer.update({path: accepted(path) for path in request.get("accept", ())})
if "conditions" in request:
    answer["conditions"] = [evaluated(condition, values) for condition, values in request["conditions"]]
json.dump(answer, sys.stdout)
