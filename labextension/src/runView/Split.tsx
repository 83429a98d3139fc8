import * as React from 'react';

interface Props {
  first: React.ReactNode;
  /** Without it the first has all the room. */
  second: React.ReactNode | null;
  /** What the line between them is called for screen readers. */
  label: string;
}

const [LEAST, MOST, STEP] = [20, 80, 4];

/** Two parts with a line between them that is moved with the mouse or the arrow keys. */
export function Split(props: Props): React.ReactElement {
  const [share, setShare] = React.useState(50);
  const host = React.useRef<HTMLDivElement>(null);
  const move = (to: number): void => setShare(Math.min(MOST, Math.max(LEAST, to)));
  const isColumn = (): boolean => host.current !== null && getComputedStyle(host.current).flexDirection === 'column';
  const onPointerMove = (event: React.PointerEvent): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !host.current) {
      return;
    }
    const box = host.current.getBoundingClientRect();
    move(100 * (isColumn() ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width));
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
    if (step) {
      event.preventDefault();
      move(share + step);
    }
  };
  return (
    <div className="jp-mlops-Split" ref={host}>
      <div className="jp-mlops-SplitPart" style={{ flexBasis: props.second ? `${share}%` : '100%' }}>
        {props.first}
      </div>
      {props.second ? (
        <>
          <div
            className="jp-mlops-SplitLine"
            role="separator"
            aria-label={props.label}
            aria-valuenow={Math.round(share)}
            aria-valuemin={LEAST}
            aria-valuemax={MOST}
            tabIndex={0}
            onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={onPointerMove}
            onDoubleClick={() => setShare(50)}
            onKeyDown={onKeyDown}
          />
          <div className="jp-mlops-SplitPart" style={{ flexBasis: `${100 - share}%` }}>
            {props.second}
          </div>
        </>
      ) : null}
    </div>
  );
}
