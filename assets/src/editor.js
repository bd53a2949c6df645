// The plan editor: CodeMirror over every `<textarea data-editor>`. Without it the textarea does the same job, plainer.
import { mount } from "./editor/mount.js";

for (const textarea of document.querySelectorAll("textarea[data-editor]")) mount(textarea);
