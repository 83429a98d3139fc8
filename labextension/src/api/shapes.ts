/**
 * What the server says, as `openapi.json` of the server extension describes it. Times are seconds since the epoch.
 */
import { JSONObject, JSONValue } from '@lumino/coreutils';

export * from './targetShapes';

/** The state of a task; of a run, those that it can have. */
export type TaskState = 'pending' | 'running' | 'cached' | 'skipped' | 'succeeded' | 'failed' | 'canceled';
export type RunState = 'pending' | 'running' | 'succeeded' | 'failed' | 'canceled';
export type Role = 'step' | 'setup' | 'parameters' | 'skip';
export type Severity = 'error' | 'warning' | 'info';

export interface Health {
  api: number;
  version: string;
}

/** A step as analysis and the graph of a run give it; only a run's has `state` and `items`. */
export interface Step {
  name: string;
  title?: string;
  kind: string;
  cells: number[];
  after: string[];
  inputs: string[];
  outputs: string[];
  params?: string[];
  group?: string;
  when?: string | null;
  for_each?: string | null;
  exit?: boolean;
  state?: string;
  /** How many tasks of a loop are in each state. */
  items?: { [state: string]: number };
}

export interface Edge {
  from: string;
  to: string;
  names: string[];
}

export interface Graph {
  name: string;
  steps: Step[];
  edges: Edge[];
}

/**
 * One change of a quick fix: metadata of a cell (null removes a key), or lines of its source. Lines count from 1, as
 * they are before the fix.
 */
export interface FixEdit {
  cell: string;
  metadata?: JSONObject;
  line?: number;
  insert?: string;
  replace?: string;
}

export interface Fix {
  title: string;
  edits: FixEdit[];
}

export interface Diagnostic {
  code: string;
  severity: Severity;
  message: string;
  hint: string;
  name: string | null;
  step: string | null;
  cell: number | null;
  /** Null where it is about the whole, or about an included notebook. */
  cell_id: string | null;
  line: number | null;
  /** The included notebook that `cell` counts in; empty for this one. */
  notebook: string;
  /** The best first. */
  fixes: Fix[];
}

export interface CellPlace {
  cell: number;
  id: string;
  role: Role;
  step: string | null;
}

export interface Parameter {
  name: string;
  type: string;
  default: JSONValue;
  required: boolean;
  help?: string;
  cell?: number;
  line?: number;
}

export interface Analysis extends Graph {
  origin: string;
  cells: CellPlace[];
  parameters: Parameter[];
  diagnostics: Diagnostic[];
}

export interface Conversion {
  cells: { cell: number; id: string; metadata: JSONObject | null }[];
  metadata: JSONObject | null;
  notes: string[];
}

/** What a list says of a run, and the run itself, too. */
interface RunFacts {
  run: string;
  pipeline: string;
  experiment: string;
  state: RunState;
  reason: string;
  created: number;
  started: number | null;
  finished: number | null;
  seconds: number | null;
  target: string;
  user: string;
  /** Whether its engine ended before it did; its state is then `failed`. */
  interrupted: boolean;
  params: { [name: string]: JSONValue };
  metrics: { [name: string]: number | null };
  tags: { [name: string]: string };
}

export interface ListedRun extends RunFacts {
  /** The notebook's path, relative to the server's root; null if it is elsewhere. */
  notebook: string | null;
  tasks: { [state: string]: number };
}

export interface RunPage {
  runs: ListedRun[];
  more: boolean;
  total: number;
}

export interface ValueInfo {
  type: string;
  digest: string;
  shape: number[] | null;
  bytes: number | null;
  text: string;
}

export interface TaskFailure {
  /** The exception's class, or another word for what happened. */
  kind: string;
  message: string;
  hint: string;
  cell: number | null;
  line: number | null;
  cell_id: string | null;
  /** The included notebook that `cell` counts in; empty for the run's own. */
  notebook: string;
  traceback: string[];
}

export interface Attempt {
  attempt: number;
  state: TaskState;
  started: number;
  finished: number | null;
  reason: string;
}

/** A value that a task was given. */
export interface TaskInput {
  name: string;
  /** The task that made it. */
  task: string;
  type: string;
  bytes: number | null;
  digest: string;
}

export interface Task {
  task: string;
  step: string;
  group: string;
  state: TaskState;
  attempt: number;
  seconds: number | null;
  /** When the last attempt began and ended. */
  started: number | null;
  finished: number | null;
  /** None for a task that never began. */
  attempts: Attempt[];
  /** The item of a loop; null for other tasks. */
  item: JSONValue;
  cached: boolean;
  cached_from: string;
  reason: string;
  /** The parts of the cache key that changed since the last time. */
  why: string[];
  /** The digests of all parts of the cache key. */
  key: { [part: string]: string };
  notes: string[];
  /** Why it was started and does not run yet; empty for one that runs. */
  waiting: string;
  error: TaskFailure | null;
  inputs: TaskInput[];
  outputs: { [name: string]: ValueInfo };
  notebook: boolean;
  log: boolean;
  /** The most memory that it had, and what it might have, in bytes; null where that is not known. */
  peak_memory: number | null;
  memory_limit: number | null;
}

export interface Run extends RunFacts {
  /** Whether there is a merged executed notebook. */
  notebook: boolean;
  /** The source notebook's path, relative to the server's root. */
  source: string | null;
  environment: { python?: string; platform?: string; packages?: { [name: string]: string } };
  /** Why not all came home of a run that was driven elsewhere; absent where all did. */
  incomplete?: string;
  tasks: Task[];
}

/** What differs between two runs; pairs are (this, other). */
export interface Diff {
  params: { [name: string]: JSONValue[] };
  metrics: { [name: string]: (number | null)[] };
  environment: { [name: string]: JSONValue[] };
  /** A unified diff for each step. */
  source: { [step: string]: string };
  tasks: {
    [task: string]: { state: (TaskState | null)[]; seconds: (number | null)[]; outputs: string[] };
  };
}

export interface LogPart {
  task: string;
  text: string;
  start: number;
  end: number;
  size: number;
}

export interface MetricPoint {
  at: number;
  value: number | null;
  step: number | null;
  task: string;
}

export interface Artifact {
  name: string;
  digest: string;
  type: string;
  bytes: number;
  task: string;
  role: string;
  metadata: JSONObject;
}

export interface Preview {
  kind: 'text' | 'html' | 'image' | 'table' | 'none';
  bytes: number;
  cut: boolean;
  text: string;
  image: string;
  rows: string[][];
}

export interface Start {
  path: string;
  kernel?: string;
  params?: JSONObject;
  /** Empty: the project's. */
  target?: string;
  context?: string;
  namespace?: string;
  experiment?: string | null;
  from_step?: string | null;
  only?: string | null;
  cache?: boolean;
  parallel?: number | null;
}

/** An event of a run, as it is written in its file. */
export interface RunEvent {
  type: string;
  at: number;
  [field: string]: JSONValue;
}

/** A run and a notebook or folder of its project, relative to the server's root. */
export interface RunRef {
  run: string;
  folder: string;
}
