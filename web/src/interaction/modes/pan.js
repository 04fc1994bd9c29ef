/** @import { Mode, At, PointerController } from "../pointer.js" */

/** The content follows the pointer. @implements {Mode} */
export class PanMode {
  name = "pan";

  /** @param {PointerController} controller @param {At} press */
  constructor(controller, press) {
    this.controller = controller;
    this.from = press.client;
    controller.spaceUsed = true;
  }

  /** @param {At} at */
  move({ client }) {
    this.controller.view.camera.panBy(client.x - this.from.x, client.y - this.from.y);
    this.from = client;
  }

  up() {}

  cancel() {}
}
