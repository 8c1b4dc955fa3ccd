// A model as layers, evaluated in the browser: what it makes of any input at any step of a run.

/** @typedef {import("./message.js").Layer} Layer */

export class Model {
  /** @param {Layer[]} layers */
  constructor(layers) {
    this.layers = layers;
    const widths = layers.map((layer) => (layer.kind === "linear" ? Math.max(layer.in, layer.out) : 1));
    const widest = Math.max(...widths);
    this.now = new Float64Array(widest);
    this.next = new Float64Array(widest);
  }

  /**
   * The one number that the model gives for an input.
   * @param {ArrayLike<number>} parameters
   * @param {ArrayLike<number>} input
   */
  output(parameters, input) {
    let { now, next } = this;
    for (let k = 0; k < input.length; k++) now[k] = input[k];
    let place = 0;
    let width = input.length;
    for (const layer of this.layers) {
      if (layer.kind !== "linear") {
        for (let k = 0; k < width; k++)
          now[k] = layer.kind === "tanh" ? Math.tanh(now[k]) : Math.max(now[k], 0);
        continue;
      }
      const bias = place + layer.in * layer.out;
      for (let row = 0; row < layer.out; row++) {
        let sum = layer.bias ? parameters[bias + row] : 0;
        for (let column = 0; column < layer.in; column++) sum += parameters[place++] * now[column];
        next[row] = sum;
      }
      if (layer.bias) place += layer.out;
      width = layer.out;
      [now, next] = [next, now];
    }
    return now[0];
  }
}
