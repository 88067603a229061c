// A note for the coming decision on the image that is shown.

export class Note {
  constructor(view, write) {
    this.field = view.find(".note input");
    this.leave = () => view.deck.focus({ preventScroll: true });
    this.field.addEventListener("focus", () => {
      this.before = this.field.value;
    });
    this.field.addEventListener("input", () => write(this.field.value));
    this.field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      if (event.key === "Escape") {
        this.field.value = this.before;
        write(this.before);
      }
      this.leave();
      view.speak(this.field.value ? "The note goes with the next decision on this image." : "There is no note.");
    });
  }
}
