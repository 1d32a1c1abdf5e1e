/** A block of the kernel's parameters under construction. */
export class Params {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes);
    this.#view = new DataView(this.bytes.buffer);
  }
  int(at: number, value: number): void {
    this.#view.setInt32(at, value, true);
  }
  float(at: number, value: number): void {
    this.#view.setFloat32(at, value, true);
  }
  double(at: number, value: number): void {
    this.#view.setFloat64(at, value, true);
  }
}
