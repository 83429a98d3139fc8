import * as React from 'react';

interface Props {
  /** What the button shows. */
  button: React.ReactNode;
  /** What it opens: the button's name for screen readers, too. */
  label: string;
  testid?: string;
  /** What is in the sheet; `leave` closes it and goes back to the button. */
  children: React.ReactNode | ((leave: () => void) => React.ReactNode);
}

/** A button that opens a small sheet. It closes by Escape, by a click elsewhere, or when the focus leaves it. */
export function Popover(props: Props): React.ReactElement {
  const [isOpen, setOpen] = React.useState(false);
  const place = React.useRef<HTMLDivElement>(null);
  const opener = React.useRef<HTMLButtonElement>(null);
  const close = React.useCallback(() => setOpen(false), []);
  React.useEffect(() => {
    const onPress = (event: Event): void => {
      if (!place.current?.contains(event.target as Node)) {
        close();
      }
    };
    if (isOpen) {
      document.addEventListener('pointerdown', onPress, true);
    }
    return () => document.removeEventListener('pointerdown', onPress, true);
  }, [isOpen, close]);
  const leave = (): void => {
    close();
    opener.current?.focus();
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      leave();
    }
  };
  const onBlur = (event: React.FocusEvent): void => {
    if (event.relatedTarget && !place.current?.contains(event.relatedTarget as Node)) {
      close();
    }
  };
  const { children } = props;
  return (
    <div className="jp-mlops-HomePopover" ref={place} onKeyDown={onKeyDown} onBlur={onBlur}>
      <button
        ref={opener}
        className="jp-mod-styled jp-mlops-Button"
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        aria-label={props.label}
        title={props.label}
        data-testid={props.testid}
        onClick={() => setOpen(!isOpen)}
      >
        {props.button}
      </button>
      {isOpen ? (
        <div className="jp-mlops-HomeSheet" role="dialog" aria-label={props.label}>
          {typeof children === 'function' ? children(leave) : children}
        </div>
      ) : null}
    </div>
  );
}
