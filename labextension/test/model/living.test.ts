import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';
import { Living } from '../../src/model/living';

class Lamp extends Living {
  readonly released = vi.fn();

  constructor(power: Signal<object, void>) {
    super();
    power.connect(this.emitChanged, this);
  }

  protected override release(): void {
    this.released(this.isDisposed);
  }
}

describe('something that lives', () => {
  it('tells of changes until it is disposed, and hears nothing after that', () => {
    const power = new Signal<object, void>({});
    const lamp = new Lamp(power);
    const heard = vi.fn();
    lamp.changed.connect(heard);
    power.emit();
    expect(heard).toHaveBeenCalledTimes(1);
    lamp.dispose();
    power.emit();
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('lets go of what it holds once, when it is already disposed', () => {
    const lamp = new Lamp(new Signal<object, void>({}));
    expect(lamp.isDisposed).toBe(false);
    lamp.dispose();
    lamp.dispose();
    expect(lamp.released.mock.calls).toEqual([[true]]);
  });
});
