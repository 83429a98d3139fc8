import * as React from 'react';

interface Props {
  title: string;
  /** A short text beside the title, such as a count. */
  aside?: React.ReactNode;
  open?: boolean;
  testid?: string;
  children: React.ReactNode;
}

/** A part of a view that folds. */
export function Section(props: Props): React.ReactElement {
  const [open, setOpen] = React.useState(props.open ?? true);
  return (
    <details
      className="jp-mlops-Section"
      open={open}
      data-testid={props.testid}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary className="jp-mlops-SectionHead">
        <span>{props.title}</span>
        {props.aside !== undefined ? <span className="jp-mlops-Aside">{props.aside}</span> : null}
      </summary>
      <div className="jp-mlops-SectionBody">{props.children}</div>
    </details>
  );
}
