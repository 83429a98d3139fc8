import * as React from 'react';
import { AnsiSpan, AnsiStyle, PLAIN } from './ansi';
import { markedSpans } from './logSearch';

/** Terminal text as spans: colours are classes, and nothing of it is ever HTML. */
export function AnsiText(props: { spans: readonly AnsiSpan[] }): React.ReactElement {
  return (
    <>
      {props.spans.map((span, index) =>
        span.style === PLAIN ? (
          span.text
        ) : (
          <span key={index} {...looks(span.style)}>
            {span.text}
          </span>
        )
      )}
    </>
  );
}

interface Props {
  spans: readonly AnsiSpan[];
  /** Where matches begin, each `length` long; `current` is the place of the current one among them, or -1. */
  froms: readonly number[];
  length: number;
  current: number;
}

/** Terminal text with matches of a search marked. */
export function LogText(props: Props): React.ReactElement {
  return (
    <>
      {markedSpans(props.spans, props.froms, props.length).map((span, index) =>
        span.index === null ? (
          <span key={index} {...looks(span.style)}>
            {span.text}
          </span>
        ) : (
          <mark key={index} className={`jp-mlops-Match${span.index === props.current ? ' jp-mlops-mod-current' : ''}`}>
            {span.text}
          </mark>
        )
      )}
    </>
  );
}

function looks(style: AnsiStyle): { className?: string; style?: React.CSSProperties } {
  const classes: string[] = [];
  const own: React.CSSProperties = {};
  const [ink, ground] = style.inverse ? [style.ground ?? 'ground', style.ink ?? 'ink'] : [style.ink, style.ground];
  if (typeof ink === 'string' && ink.startsWith('rgb')) {
    own.color = ink;
  } else if (ink !== null) {
    classes.push(`jp-mlops-ink-${ink}`);
  }
  if (typeof ground === 'string' && ground.startsWith('rgb')) {
    own.backgroundColor = ground;
  } else if (ground !== null) {
    classes.push(`jp-mlops-ground-${ground}`);
  }
  for (const flag of ['bold', 'faint', 'italic', 'underline'] as const) {
    if (style[flag]) {
      classes.push(`jp-mlops-${flag}`);
    }
  }
  return { className: classes.join(' ') || undefined, style: own };
}
