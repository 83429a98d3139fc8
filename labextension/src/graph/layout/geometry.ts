/** A point of a drawing, in pixels. */
export type Point = readonly [number, number];

/** A rectangle; `x` and `y` are its upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where the graph goes: steps below or to the right of what they need. */
export type Orientation = 'down' | 'right';

/** A box to be placed. Boxes of one `group` stand in one frame; `last` ones stand after all others. */
export interface Placed {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly group?: string;
  readonly last?: boolean;
}

/** An edge to be drawn, by the names of its ends. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** Where everything is. `lines[i]` has the points of the i-th edge asked for; it is empty where an end is missing. */
export interface Layout {
  readonly boxes: ReadonlyMap<string, Box>;
  readonly frames: ReadonlyMap<string, Box>;
  readonly lines: readonly (readonly Point[])[];
  readonly width: number;
  readonly height: number;
}

/** Distances: between boxes of a rank, around a long edge, between ranks, in a frame, beside a frame's ports, and for its title. */
export interface Spacing {
  readonly gap: number;
  readonly lane: number;
  readonly rank: number;
  readonly frame: number;
  readonly port: number;
  readonly title: number;
}

/** Whether two boxes share an area, or come closer than `apart`. */
export function overlap(one: Box, other: Box, apart = 0): boolean {
  return (
    one.x < other.x + other.width + apart &&
    other.x < one.x + one.width + apart &&
    one.y < other.y + other.height + apart &&
    other.y < one.y + one.height + apart
  );
}
