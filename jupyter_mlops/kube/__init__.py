"""The Kubernetes client of everything above: raw objects, one namespace, synchronous.

Also runs in a pod, from a zip, with nothing but the standard library of Python >= 3.9. Only `kubeconfig` uses the
package `kubernetes`, where a person's machine reads a kubeconfig.
"""
