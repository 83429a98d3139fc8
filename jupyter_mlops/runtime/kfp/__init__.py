"""Components of Kubeflow Pipelines as steps, without Kubeflow: what their code and their containers expect to find."""
