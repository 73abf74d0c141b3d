"""Vowels from principal components, by default 8 on 8-16-16-classes; NOT the 11-class benchmark by default."""

from dataclasses import replace

from data.sets import load
from experiments.tasks.scaling import PcaMinMax
from experiments.tasks.splits import choose_split, labels_of, random_split, stored_split, with_classes
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["KIND", "build_vowel"]

_COMPONENTS = 8
_HIDDEN = (16, 16)
_DEFAULT_CLASSES = (0, 1, 2, 3)  # the source does not say which four it kept


def build_vowel(options: TaskOptions) -> Task:
    """Build the task: PCA and scaling are fitted on the training part alone.

    ``random`` mixes all speakers, 70/30, as the literature does; ``speaker`` tests on unheard speakers and is
    far harder. Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("vowel")
    name = choose_split(options, ("random", "speaker"))
    classes = _DEFAULT_CLASSES if options.classes is None else with_classes(options, data)
    split = random_split(data, classes, options) if name == "random" else stored_split(data, classes, options)
    hidden = options.hidden_or(_HIDDEN)
    components = options.components or _COMPONENTS
    squeeze = PcaMinMax.fit(data.inputs[split.train], components)
    return Task(
        name=options.name,
        title=f"Deterding vowels: {len(classes)} of 11 classes, {components} components, {name} split",
        layer_sizes=(components, *hidden, len(classes)),
        x_train=squeeze.apply(data.inputs[split.train]),
        y_train=labels_of(data, split.train, classes),
        x_val=squeeze.apply(data.inputs[split.val]),
        y_val=labels_of(data, split.val, classes),
        x_test=squeeze.apply(data.inputs[split.test]),
        y_test=labels_of(data, split.test, classes),
        options=replace(options, classes=classes, split=name, hidden=hidden, components=components),
        source=data.source,
    )


KIND = TaskKind("vowel", build_vowel)
