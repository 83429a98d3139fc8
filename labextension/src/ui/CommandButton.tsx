import { Notification } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import * as React from 'react';
import { asFailure } from '../api/failure';

interface Props {
  commands: CommandRegistry;
  id: string;
  args?: ReadonlyPartialJSONObject;
  /** Replaces the command's label. */
  label?: string;
  /** Show the command's icon only; its label is the accessible name. */
  iconOnly?: boolean;
  accept?: boolean;
  testid?: string;
}

/** A button that executes a command: label, caption, icon and whether it is enabled are the command's. */
export function CommandButton(props: Props): React.ReactElement | null {
  const { commands, id, args = {} } = props;
  if (!commands.hasCommand(id) || !commands.isVisible(id, args)) {
    return null;
  }
  const label = props.label ?? commands.label(id, args);
  const icon = commands.icon(id, args);
  const caption = commands.caption(id, args) || label;
  // Our commands tell themselves what did not work; others, such as to open a file that is gone, only reject.
  const onClick = (): void => {
    commands.execute(id, args).catch(thrown => {
      Notification.error(asFailure(thrown).message, { autoClose: false });
    });
  };
  return (
    <button
      className={`jp-mod-styled jp-mlops-Button${props.accept ? ' jp-mod-accept' : ''}`}
      disabled={!commands.isEnabled(id, args)}
      title={caption}
      aria-label={props.iconOnly ? label : undefined}
      data-testid={props.testid}
      data-command={id}
      onClick={onClick}
    >
      {icon && typeof icon !== 'string' && 'react' in icon
        ? React.createElement((icon as unknown as { react: React.FC<{ tag: string }> }).react, { tag: 'span' })
        : null}
      {props.iconOnly ? null : <span>{label}</span>}
    </button>
  );
}
