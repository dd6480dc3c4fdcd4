"""What is no model file, or a damaged one, is refused with an error that says so."""

import json

import numpy as np
import pytest
from fuzz_model_files import (
    MUTATIONS,
    archive,
    edited,
    make_original,
    members_of,
    run_case,
)

import sklearn_mtl
from sklearn_mtl import persistence
from sklearn_mtl.persistence import _archive, _document, _errors
from sklearn_mtl.persistence._codec import Decoder
from sklearn_mtl.persistence._errors import (
    BadMember,
    BadState,
    BadTensor,
    ChecksumError,
    ModelFileError,
    NewerFormat,
    NotAModelFile,
    PasswordNotNeeded,
    TruncatedFile,
    UntrustedType,
)


@pytest.fixture(scope="module")
def original():
    return make_original()


@pytest.fixture
def content(original):
    return original[0]


@pytest.fixture
def load(tmp_path):
    def load(content, **options):
        (tmp_path / "model.mtl").write_bytes(content)
        return sklearn_mtl.load(tmp_path / "model.mtl", **options)

    return load


@pytest.mark.parametrize("seed", range(10 * len(MUTATIONS)))
def test_a_damaged_file_is_refused_or_predicts_the_same(seed, original, tmp_path):
    content, clf = original
    expected = clf.predict_proba([f"w{k % 7} w{k % 5} w{k % 3}" for k in range(60)])
    run_case(seed, content, expected, tmp_path / "model.mtl")


def test_every_kind_of_error_can_be_caught_by_its_name():
    found = {kind for kind in vars(_errors).values() if isinstance(kind, type)}
    assert found == {getattr(persistence, name) for name in persistence.__all__}
    assert all(issubclass(kind, persistence.ModelFileError) for kind in found)
    assert issubclass(persistence.ModelFileError, ValueError)


def test_a_file_put_together_again_is_the_same(content):
    assert edited(content) == content


def test_every_bit_counts(content, load):
    """Each changed bit of the file is noticed, those of headers and tables too."""
    n_bytes = len(content)
    places = {*range(300), *range(n_bytes - 700, n_bytes), *range(300, n_bytes, 997)}
    for place in sorted(places):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises(ModelFileError):
            load(bytes(changed))


@pytest.mark.parametrize(
    "other", [b"", b"PK", b"PK\3\4", b"no model", b"\x80\x04]\x94.", b"\0" * 5000]
)
def test_another_file_is_refused(other, load):
    with pytest.raises((NotAModelFile, TruncatedFile), match=r"wrote|truncated"):
        load(other)


def test_a_zip_of_something_else_is_refused(load):
    with pytest.raises(NotAModelFile, match="zip file was not written"):
        load(archive([("a.txt", b"a")]))
    with pytest.raises(NotAModelFile, match="zip file was not written"):
        load(archive([("format.json", b'{"format": "other"}')]))


def test_a_newer_version_says_what_to_update(content, load):
    head = json.loads(members_of(content)["format.json"])
    newer = json.dumps(head | {"version": 2}).encode()
    with pytest.raises(NewerFormat, match=r"version 2 of the format.*pip install -U"):
        load(edited(content, format_json=newer))
    # Also with parts that this version does not know.
    with pytest.raises(NewerFormat):
        load(archive([("format.json", newer), ("more.bin", b"")]))


@pytest.mark.parametrize("version", [0, -1, None, "1", 1.0, True])
def test_a_version_is_a_number(version, content, load):
    head = json.loads(members_of(content)["format.json"]) | {"version": version}
    with pytest.raises(BadState, match="version of the format is"):
        load(edited(content, format_json=json.dumps(head).encode()))


def test_a_file_cut_off_anywhere_is_refused(content, load):
    for stop in [*range(1, len(content), 1013), len(content) - 1]:
        with pytest.raises(TruncatedFile, match="truncated"):
            load(content[:stop])


def test_bytes_behind_or_before_are_refused(content, load):
    with pytest.raises(TruncatedFile, match="appended to it"):
        load(content + b"\0")
    with pytest.raises(NotAModelFile):
        load(b"#!/bin/sh\n" + content)


def test_a_wrong_checksum_names_the_part(content, load):
    place = content.index(b'"targets"')
    with pytest.raises(ChecksumError, match=r"'model\.json' has another checksum"):
        load(content[:place] + b"'" + content[place + 1 :])


def test_missing_parts_are_named(content, load):
    members = members_of(content)
    del members["model.json"]
    with pytest.raises(BadMember, match=r"lacks the part\(s\) \['model\.json'\]"):
        load(archive(list(members.items())))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data.pkl", r"\['data\.pkl'\], which do not belong"),
        ("objects/1.skops", r"\['objects/1\.skops'\], which do not belong"),
        ("objects/00.skops", "do not belong"),
        ("model.json", r"\['model\.json'\] occur twice"),
        ("/etc/passwd", "a path outside the archive"),
        ("../model.json", "a path outside the archive"),
        ("objects/../../a", "a path outside the archive"),
        ("a\\b", "a path outside the archive"),
        ("C:a", "a path outside the archive"),
        ("a/", "a path outside the archive"),
        ("", "a path outside the archive"),
        ("a\0", "a path outside the archive"),
        ("ä", "a path outside the archive"),
    ],
)
def test_parts_of_other_names_are_refused(name, message, content, load):
    members = [*members_of(content).items(), (name, b"")]
    with pytest.raises(BadMember, match=message):
        load(archive(members))


def test_too_many_parts_are_refused(content, load):
    members = [*members_of(content).items(), *((str(k), b"") for k in range(100))]
    with pytest.raises(BadMember, match="at most 64 parts are allowed"):
        load(archive(members))


def test_sizes_that_lie_are_refused(content, load, monkeypatch):
    """A table of parts that says more than is there; checksums are no help."""
    members = _archive.read_archive(_file(content))
    last = list(members.values())[-1]
    larger = [*list(members.values())[:-1], last._replace(size=2**40)]
    with pytest.raises(BadMember, match="larger than the file"):
        load(content[: last.stop] + _archive._directory(larger, last.stop))
    moved = [*list(members.values())[:-1], last._replace(header=0)]
    with pytest.raises(BadMember, match="does not start where"):
        load(content[: last.stop] + _archive._directory(moved, last.stop))
    fewer = list(members.values())[:-1]
    with pytest.raises(BadMember, match="bytes that belong to no part"):
        load(content[: last.stop] + _archive._directory(fewer, last.stop))


def _file(content):
    import io

    return io.BytesIO(content)


def with_header(change):
    """Return what changes the header of a part of arrays."""

    def edit(own):
        size = int.from_bytes(own[:8], "little")
        header = json.loads(own[8 : 8 + size])
        header = change(header) or header
        text = json.dumps(header).encode() if isinstance(header, dict) else header
        return len(text).to_bytes(8, "little") + text + own[8 + size :]

    return edit


def _set(name, **entry):
    return lambda header: header[name].update(entry)


BIAS = "network.head.bias"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set(BIAS, data_offsets=[0, 16]), "overlap or leave a gap"),
        (_set(BIAS, shape=[2**40]), "does not fit into bytes"),
        (_set(BIAS, shape=[-1]), "is not valid"),
        (_set(BIAS, shape=[2.0]), "is not valid"),
        (_set(BIAS, shape=[True]), "is not valid"),
        (_set(BIAS, shape=4), "is not valid"),
        (_set(BIAS, data_offsets=[8, 0]), "is not valid"),
        (_set(BIAS, dtype="O"), "unknown type 'O'"),
        (_set(BIAS, dtype=["F32"]), "unknown type"),
        (_set(BIAS, more=1), "is not valid"),
        (lambda header: header.pop(BIAS) and None, "overlap or leave a gap|belong to"),
        (lambda header: b"[]", "must be a JSON object"),
        (lambda header: b"{", "cannot be parsed"),
        (lambda header: b"[" * 100_000, "cannot be parsed"),
        (lambda header: b"{}", "bytes after the arrays belong to none"),
        (lambda header: b'{"a": 1, "a": 2}', "a name occurs twice"),
        (lambda header: {"x": header.pop(BIAS), **header}, "Missing: \\['network.head"),
        (_set(BIAS, shape=[2, 2]), "has the shape"),
        (_set(BIAS, dtype="I32"), "has the type int32"),
    ],
)
def test_headers_of_arrays_are_checked(change, message, content, load):
    with pytest.raises(BadTensor, match=message):
        load(edited(content, weights_safetensors=with_header(change)))


def test_lengths_of_headers_are_checked(content, load):
    for size in (2**63, 2**23 + 1, len(content)):
        head = size.to_bytes(8, "little")
        with pytest.raises(BadTensor, match=f"claims to have {size} bytes"):
            load(edited(content, arrays_safetensors=lambda own, h=head: h + own[8:]))
    with pytest.raises(BadTensor, match="no header"):
        load(edited(content, arrays_safetensors=b""))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused(value, content, load):
    def change(own):
        size = int.from_bytes(own[:8], "little")
        entry = json.loads(own[8 : 8 + size])[BIAS]
        place = 8 + size + entry["data_offsets"][0]
        return own[:place] + np.float32(value).tobytes() + own[place + 4 :]

    with pytest.raises(
        BadTensor, match=r"network\.head\.bias' contains NaN or infinity"
    ):
        load(edited(content, weights_safetensors=change))


def with_tree(change):
    """Return what changes the description."""

    def edit(own):
        tree = json.loads(own)
        return json.dumps(change(tree) or tree).encode()

    return edit


def _at(*path, value):
    def change(tree):
        node = tree
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value

    return change


TASKS = ("targets", "state", "tasks")
CLASSES = (*TASKS, 0, "state", "classes_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_at("params", "memory", value="/tmp"), "set to read other files"),
        (_at("params", "checkpoint", value="/tmp/a"), "set to write the file of a"),
        (_at("params", "n_jobs", value=10**9), "has n_jobs=1000000000"),
        (_at("params", "n_jobs", value="all"), "has n_jobs='all'"),
        (_at("vectorizer", "state", "n_jobs", value=-257), "has n_jobs=-257"),
        (_at("params", "unknown", value=1), r"no parameter \['unknown'\]"),
        (
            _at(*CLASSES, value={"list": ["a", "a"], "dtype": "<U1"}),
            "duplicate classes",
        ),
        (
            _at(*CLASSES, value={"list": [], "dtype": "<U1"}),
            "duplicate classes, or none",
        ),
        (
            _at(*CLASSES, value={"list": ["a"], "dtype": "<U9999999"}),
            "not hold texts of type",
        ),
        (_at(*CLASSES, value={"list": ["a", "b"], "dtype": "<U1"}), "numbers for 4"),
        (_at(*TASKS, value=[]), "tasks with the names"),
        (_at(*TASKS, 0, value="os.system"), "'topic' is a str"),
        (_at("targets", "state", "names", value=["a", "a"]), "tasks with the names"),
        (_at("targets", "state", "container", value="x"), "'x' is not a container"),
        (
            _at("trunk", value={"type": "os.system", "state": {}}),
            "which a model file cannot contain",
        ),
        (
            _at("trunk", value={"type": ["a"], "state": {}}),
            "which a model file cannot contain",
        ),
        (_at("trunk", value={"eval": "1"}), r"unknown form \['eval'\]"),
        (_at("trunk", value="bag"), "trunk is a str"),
        (_at("trunk", "state", "n_units", value=10**12), "far larger than its weights"),
        (_at("trunk", "state", "more", value=1), r"BagTrunk has no \['more'\]"),
        (_at("trunk", "state", "n_units", value=-1), "n_units"),
        (_at("spec", "n_features", value=10**12), "should have 1000000000000"),
        (_at("spec", "dtype", value="object"), "neither float32 nor float64"),
        (_at("spec", value=[]), "spec is not a JSON object"),
        (_at("spec", "more", value=1), "spec needs"),
        (_at("sharing", value=None), "no targets, or no sharing"),
        (_at("heads", value=[0]), "heads has the size 1"),
        (
            _at("term_weights", value={"array": "nothing"}),
            "needs the missing array 'nothing'",
        ),
        (_at("term_weights", value={"object": 0}), "list index out of range"),
        (lambda tree: [1], "stored as None"),
        (_at("dtype", value="int4"), "stored as 'int4'"),
        (_at("dtype", value=["int8"]), "stored as"),
        (lambda tree: tree | {"more": 1}, "missing or unknown entries"),
        (lambda tree: tree.pop("trunk") and None, "missing or unknown entries"),
        (_at("vectorizer", "state", "memory", value="/tmp"), "has no"),
    ],
)
def test_descriptions_are_checked(change, message, content, load):
    with pytest.raises((BadState, BadTensor), match=message):
        load(edited(content, model_json=with_tree(change)))


def test_texts_are_as_many_as_they_may_be():
    """Of a word and its place little is in a file, and much in memory."""
    words = np.frombuffer(b"ab," * 1_500_000, np.uint8)
    node = {"places": {"texts": "words", "separator": ",", "size": 1_500_001}}
    with pytest.raises(BadState, match="1500001 texts, more than weights"):
        Decoder({}, {"words": words}).decode(node, "vocabulary_")


def test_vectorizers_that_read_files_are_refused(content, load):
    def change(tree):
        tree["vectorizer"]["state"]["transformer_list"][0]["tuple"][1]["state"][
            "input"
        ] = "filename"

    with pytest.raises(BadState, match="set to read other files"):
        load(edited(content, model_json=with_tree(change)))


@pytest.mark.parametrize("depth", [50, 500, 5000, 10**6])
@pytest.mark.parametrize("unit", [b"[", b'{"tuple":['])
def test_nested_descriptions_are_refused(depth, unit, content, load):
    ends = {b"[": b"]", b'{"tuple":[': b"]}"}
    text = unit * depth + ends[unit] * depth
    with pytest.raises((BadState, BadMember)):
        load(edited(content, model_json=text))

    def change(own):
        tree = json.loads(own)
        tree["history"] = None
        return (
            json.dumps(tree).encode().replace(b'"history": null', b'"history":' + text)
        )

    with pytest.raises((BadState, BadMember), match=r"nested too deep|more values"):
        load(edited(content, model_json=change))


def test_json_is_strict(content, load):
    for text, message in [
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": 1, "a": 2}', "occurs twice"),
        (b"{", "is not valid JSON"),
        (b"\xff", "is not valid JSON"),
        (b"9" * 5000, "is not valid JSON"),
    ]:
        with pytest.raises(BadState, match=message):
            load(edited(content, model_json=text))


def test_large_json_is_refused_before_it_is_read(content, load, monkeypatch):
    monkeypatch.setattr(_document, "LARGEST_JSON", 1000)
    with pytest.raises(BadMember, match=r"'model\.json' has \d+ bytes"):
        load(content)


def test_what_could_not_be_loaded_is_not_saved(original, tmp_path, monkeypatch):
    monkeypatch.setattr(_document, "MOST_VALUES", 10)
    with pytest.raises(ModelFileError, match="Save without history"):
        original[1].save(tmp_path / "model.mtl", history=True)
    assert not list(tmp_path.iterdir())


def test_a_password_for_a_plain_file_is_refused(content, load):
    with pytest.raises(PasswordNotNeeded, match="is not encrypted"):
        load(content, password="secret")
    with pytest.raises(PasswordNotNeeded, match="is not encrypted"):
        load(content, key=bytes(32))


def with_objects(content, *objects):
    def change(tree):
        tree["params"]["trunk"] = {"object": 0, "class": "harmless"}

    members = members_of(edited(content, model_json=with_tree(change)))
    for number, own in enumerate(objects):
        members[f"objects/{number}.skops"] = own
    return archive(list(members.items()))


def test_objects_name_their_classes_and_run_nothing(content, load):
    import skops.io

    own = skops.io.dumps(print)
    with pytest.raises(UntrustedType, match=r"these classes: \['builtins\.print'\]"):
        load(with_objects(content, own))
    with pytest.raises(UntrustedType, match=r"'builtins\.print'"):
        load(with_objects(content, own), trusted=["builtins.list"])


def test_objects_of_no_kind_are_refused(content, load):
    import io
    import zipfile

    with pytest.raises(BadMember, match="cannot be read: File is not a zip"):
        load(with_objects(content, b"pickle"), trusted=[])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", bytes(10**6))
    with pytest.raises(
        BadMember, match="is compressed, so its unpacked size is unlimited"
    ):
        load(with_objects(content, packed.getvalue()), trusted=[])
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w"):
        pass
    with pytest.raises(BadMember, match="cannot be loaded: KeyError"):
        load(with_objects(content, empty.getvalue()), trusted=[])


def test_objects_that_nothing_needs_are_not_imported(content, load):
    """They are asked for all the same."""
    import skops.io

    members = [*members_of(content).items(), ("objects/0.skops", skops.io.dumps(print))]
    with pytest.raises(UntrustedType):
        load(archive(members))
