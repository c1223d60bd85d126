/** Whether somebody who sends is read from: not while the filter holds too much of what came. */
export class Watermark {
  #isAbove = false;
  #waiting: (() => void)[] = [];

  get isAbove(): boolean {
    return this.#isAbove;
  }

  /** Resolves when the sender is read from. */
  readable(): Promise<void> | undefined {
    return this.#isAbove ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined;
  }

  rise(): void {
    this.#isAbove = true;
  }

  fall(): void {
    this.#isAbove = false;
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
    }
  }
}
