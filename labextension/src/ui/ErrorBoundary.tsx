import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Failure } from '../api/failure';
import { FailureNote } from './notes';

interface Props {
  trans: TranslationBundle;
  children: React.ReactNode;
}

/** Keeps a fault in one view from taking JupyterLab's page with it; the view can be drawn again. */
export class ErrorBoundary extends React.Component<Props, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null };

  static getDerivedStateFromError(fault: Error): { fault: Error } {
    return { fault };
  }

  override render(): React.ReactNode {
    const { trans, children } = this.props;
    if (!this.state.fault) {
      return children;
    }
    const failure = new Failure('view', trans.__('This view has a fault: %1', this.state.fault.message));
    return (
      <FailureNote failure={failure}>
        <button className="jp-mod-styled" onClick={() => this.setState({ fault: null })}>
          {trans.__('Show it again')}
        </button>
      </FailureNote>
    );
  }
}
