"""From the file of scenes to the scenes, or to every problem that the file has, each with its line.

A scene speaks in the words of the memo: measures, departments and quotations are held against the catalogue, so that a
scene can neither ask for what is not printed nor forget a measure.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sized
from typing import TypeVar

from app.domain.catalogue import Catalogue, Department, Measure, OpenClass
from app.domain.scenes import Ask, AskMeaning, InNoScene, Scene, SceneAsk, SceneMeasure, Scenes
from app.domain.subjects import SubjectKind
from app.domain.yaml_reader import InvalidDataFile, Place, Reader

_CODE = re.compile(r"[a-z]+(?:\.[a-z]+)*")
_User = TypeVar("_User", Department, OpenClass)
_Part = tuple[int, int | None]
"""A measure, or one of its sub-measures."""


class ScenesError(InvalidDataFile):
    """The scenes cannot be served."""

    code = "scenes_invalid"
    called = "场景文件"


def parse_scenes(source: bytes, catalogue: Catalogue) -> Scenes:
    """Read a file of scenes of this catalogue; raise :class:`ScenesError` with every problem that could be found."""
    reader = Reader()
    root = reader.root(source)
    scenes = None if root is None else _File(reader, catalogue).scenes(root, source)
    if scenes is None or reader.problems:
        raise ScenesError(reader.problems)
    return scenes


class _File:
    """One reading of one file: what the asks mean, and which measures were met with."""

    def __init__(self, reader: Reader, catalogue: Catalogue) -> None:
        self._read = reader
        self._catalogue = catalogue
        self._measures = {measure.no: measure for measure in catalogue.measures}
        self._departments = {department.name: department for department in catalogue.departments}
        self._open_classes = {one.printed: one for one in catalogue.open_classes}
        self._meanings: dict[str, AskMeaning] = {}
        self._asked: set[_Part] = set()

    def scenes(self, root: Place, source: bytes) -> Scenes:
        read = self._read
        parts = read.fields(root, ("asks", "scenes", "in_no_scene"))
        for place in read.items(parts.get("asks")):
            self._meaning(place)
        if "asks" in parts:
            missing = [ask.value for ask in Ask if ask.value not in self._meanings]
            if missing:
                read.report(parts["asks"], "missing_ask", f"缺少 {'、'.join(missing)}。")
        scenes: list[Scene] = []
        for place in read.items(parts.get("scenes")):
            scenes.append(self._scene(place, scenes))
        left = tuple(self._left(place) for place in read.items(parts.get("in_no_scene")))
        # Of a file that is wrong in itself, this would only say the same again in other words.
        if "scenes" in parts and not read.problems:
            self._nothing_forgotten(parts["scenes"], scenes, left)
        version = f"sha256:{hashlib.sha256(source).hexdigest()}"
        return Scenes(version, source, tuple(self._meanings.values()), tuple(scenes), left)

    def _meaning(self, place: Place) -> None:
        read = self._read
        fields = read.fields(place, ("code", "name", "words"))
        code = read.choice(fields.get("code"), list(Ask))
        words = read.texts(fields.get("words"))
        self._some(fields.get("words"), words)
        name = read.text(fields.get("name"))
        if code in self._meanings:
            read.report(place, "duplicate", f"{code} 写了两次。")
        elif code in set(Ask):
            self._meanings[code] = AskMeaning(Ask(code), name, words)

    def _scene(self, place: Place, earlier: Iterable[Scene]) -> Scene:
        read = self._read
        fields = read.fields(place, ("code", "name", "procedure", "departments", "measures"), ("open_classes",))
        code, name = read.text(fields.get("code")), read.text(fields.get("name"))
        if code and not _CODE.fullmatch(code):
            read.report(fields["code"], "code_form", "代码只能由小写英文字母组成，用 . 连接。")
        for one in earlier:
            if code and code == one.code:
                read.report(fields["code"], "duplicate", f"场景 {code} 写了两次。")
            elif name and name == one.name:
                read.report(fields["name"], "duplicate", f"名称与场景 {one.code} 相同。")
        before = len(read.problems)
        measures: list[SceneMeasure] = []
        for item in read.items(fields.get("measures")):
            found = self._measure(item)
            if found is not None and any(found.measure is one.measure for one in measures):
                read.report(item, "duplicate", f"第 {found.measure.no} 项措施写了两次。")
            elif found is not None:
                measures.append(found)
        # Where a measure is wrong, whose it is cannot be told.
        theirs = None
        if len(read.problems) == before:
            self._some(fields.get("measures"), measures)
            theirs = _who_carries_out(measures)
        departments = self._users(fields.get("departments"), self._departments, theirs)
        open_classes = self._users(fields.get("open_classes"), self._open_classes, theirs)
        if len(read.problems) == before and not open_classes:
            self._some(fields.get("departments"), departments)
        procedure = read.text(fields.get("procedure"))
        return Scene(code, name, procedure, departments, open_classes, tuple(measures))

    def _users(
        self, place: Place | None, known: Mapping[str, _User], theirs: Collection[str] | None
    ) -> tuple[_User, ...]:
        """Read who uses a scene; each has to carry out one of its measures, if these are known."""
        read = self._read
        found: dict[str, _User] = {}
        for item in read.items(place):
            name = read.text(item)
            if name in found:
                read.report(item, "duplicate", f"{name} 写了两次。")
            elif name and name not in known:
                read.report(item, "unknown_department", f"措施目录中没有“{name}”（须用规范名称）。")
            elif name:
                found[name] = known[name]
                if theirs is not None and name not in theirs:
                    read.report(item, "carries_nothing_out", f"本场景没有由“{name}”实施的措施。")
        return tuple(found.values())

    def _measure(self, place: Place) -> SceneMeasure | None:
        read = self._read
        fields = read.fields(place, ("no", "asks"))
        no = read.number(fields.get("no"))
        measure = self._measures.get(no)
        if measure is None:
            if no:
                read.report(fields["no"], "unknown_measure", f"措施目录中没有第 {no} 项措施。")
            return None
        asks = [self._ask(item, measure) for item in read.items(fields.get("asks"))]
        self._some(fields.get("asks"), asks)
        return SceneMeasure(measure, tuple(one for one in asks if one is not None))

    def _ask(self, place: Place, measure: Measure) -> SceneAsk | None:
        read = self._read
        fields = read.fields(place, ("one_of", "words"), ("sub_measure", "subjects"))
        no = read.number(fields["sub_measure"]) if "sub_measure" in fields else None
        part = next((one for one in measure.sub_measures if one.no == no), None)
        if no is not None and part is None:
            read.report(fields["sub_measure"], "unknown_sub_measure", f"第 {measure.no} 项措施没有这一小项。")
            return None
        if no is None and measure.sub_measures:
            read.report(place, "missing_field", f"第 {measure.no} 项措施有小项，须写明 sub_measure。")
            return None
        acts_on, printed = (part.acts_on, part.text) if part else (measure.acts_on, measure.title)
        words = read.text(fields.get("words"))
        if words and words not in printed:
            read.report(fields["words"], "not_printed", "不是这项措施（小项）印出的原话。")
        one_of = self._one_of(fields.get("one_of"), words)
        subjects = acts_on.subjects
        if "subjects" in fields:
            kinds = [read.choice(item, list(SubjectKind)) for item in read.items(fields["subjects"])]
            subjects = frozenset(SubjectKind(kind) for kind in kinds if kind in set(SubjectKind))
            self._some(fields["subjects"], kinds)
            if not subjects <= acts_on.subjects:
                read.report(fields["subjects"], "wider_than_measure", "超出这项措施（小项）作用的对象。")
        self._asked |= {(measure.no, None), (measure.no, no)}
        return SceneAsk(one_of, words, no, subjects)

    def _one_of(self, place: Place | None, words: str) -> tuple[Ask, ...]:
        """Read what is asked for: the quoted words have to say each of it."""
        read = self._read
        before = len(read.problems)
        found: list[Ask] = []
        for item in read.items(place):
            value = read.choice(item, list(Ask))
            meaning = self._meanings.get(value)
            if value in found:
                read.report(item, "duplicate", f"{value} 写了两次。")
            elif value in set(Ask):
                found.append(Ask(value))
            if meaning is not None and words and not any(said in words for said in meaning.words):
                told = f"引用的原话中没有表示 {value} 的字眼（{'、'.join(meaning.words)}）。"
                read.report(item, "not_borne_out", told)
        if len(read.problems) == before:
            self._some(place, found)
        return tuple(found)

    def _left(self, place: Place) -> InNoScene:
        read = self._read
        fields = read.fields(place, ("no", "reason"), ("sub_measure",))
        no = read.number(fields.get("no"))
        part = read.number(fields["sub_measure"]) if "sub_measure" in fields else None
        if no and (no, part) not in self._parts():
            read.report(place, "unknown_measure", "措施目录中没有这项措施（小项）。")
        elif (no, part) in self._asked:
            read.report(place, "in_a_scene", "这项措施（小项）在某个场景中，不应再列在这里。")
        return InNoScene(no, part, read.text(fields.get("reason")))

    def _parts(self) -> list[_Part]:
        """Return every measure and every sub-measure of the memo."""
        parts = [(measure.no, part.no) for measure in self._measures.values() for part in measure.sub_measures]
        return [*((no, None) for no in self._measures), *parts]

    def _nothing_forgotten(self, place: Place, scenes: Iterable[Scene], left: Iterable[InNoScene]) -> None:
        accounted = self._asked | {(one.no, one.sub_measure) for one in left}
        left_whole = {(one.no, one.sub_measure) for one in left if one.sub_measure is None}
        for no, part in self._parts():
            if (no, part) not in accounted and (no, None) not in left_whole:
                what = f"第 {no} 项措施" + (f"第 {part} 小项" if part else "")
                self._read.report(place, "in_no_scene", f"{what}不在任何场景中，也没有在 in_no_scene 中说明理由。")
        used = {department.name for scene in scenes for department in scene.departments}
        for name in self._departments:
            if name not in used:
                self._read.report(place, "department_without_scene", f"没有场景由{name}使用。")

    def _some(self, place: Place | None, values: Sized) -> None:
        """Report a list without anything in it."""
        if place is not None and not values:
            self._read.report(place, "empty_list", "至少要有一项。")


def _who_carries_out(measures: Iterable[SceneMeasure]) -> set[str]:
    """Return the departments and open classes that the memo names for any of the measures."""
    who = [one.measure.implementers for one in measures]
    departments = {department.name for one in who for department in one.named}
    return departments | {one.open_class.printed for one in who if one.open_class is not None}
