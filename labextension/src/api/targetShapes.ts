/** What the server says of targets, and of where a task was and what it used. Times are seconds since the epoch. */

export interface Capability {
  name: string;
  /** Why it is not there; empty if it is. */
  missing: string;
  /** Why nobody could tell; it is then worth a try. */
  unknown: string;
}

/** A setting of a target that is in force. */
export interface TargetSetting {
  name: string;
  value: string;
  origin: 'given' | 'project' | 'kubeconfig' | 'pod' | 'default' | 'none';
}

export interface Target {
  name: string;
  /** Why it cannot be used at all, and the way out; empty if it can. */
  missing: string;
  hint: string;
  context: string;
  namespace: string;
  image: string;
  capabilities: Capability[];
  settings: TargetSetting[];
}

/** Where runs of a project can go; `default` is where they do if nobody says, `purposes` what rights can be for. */
export interface Targets {
  targets: Target[];
  default: string;
  purposes: { [purpose: string]: string };
}

/** Where in a target something is, over what the project says; empty: as the project has it. */
export interface Place {
  context: string;
  namespace: string;
}

/** A context of the server's kubeconfig; `cluster` is the address of its API server. */
export interface Context {
  name: string;
  namespace: string;
  cluster: string;
  user: string;
  current: boolean;
}

export interface Finding {
  name: string;
  state: 'ok' | 'warning' | 'failed' | 'unknown';
  said: string;
  hint: string;
}

export interface Doctor {
  target: string;
  seconds: number;
  findings: Finding[];
}

export interface Rights {
  yaml: string;
  purposes: string[];
  namespace: string;
  subject: string;
}

/** A pod of a task as it was seen last (`at`); `first` is when it was seen first. */
export interface Pod {
  pod: string;
  node: string;
  phase: string;
  state: string;
  reason: string;
  message: string;
  image: string;
  requests: { [resource: string]: string };
  limits: { [resource: string]: string };
  restarts: number;
  exit_code: number | null;
  first: number | null;
  at: number | null;
}

/** What the cluster said of a pod or a Job. */
export interface ClusterEvent {
  object: string;
  name: string;
  type: string;
  reason: string;
  message: string;
  count: number;
  first: number | null;
  last: number | null;
}

export interface Pods {
  task: string;
  attempt: number;
  target: string;
  /** Why it has not begun, as far as that is known. */
  waiting: string;
  pods: Pod[];
  events: ClusterEvent[];
}

/** Cores and bytes; null where there is none, or none is known. */
export interface Amounts {
  cpu: number | null;
  memory: number | null;
}

/** What a task uses over time: cores since the point before, bytes then. */
export interface Use {
  task: string;
  attempt: number;
  points: { at: number; cpu: number; memory: number }[];
  cpu_seconds: number | null;
  peak_cpu: number | null;
  peak_memory: number | null;
  request: Amounts;
  limit: Amounts;
}
