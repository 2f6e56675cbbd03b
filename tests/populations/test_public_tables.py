"""Bank Marketing, Adult and COMPAS, by name: made-up files in their schemas, and the real ones."""

from pathlib import Path

import numpy as np
import pytest

from quorate import catalog
from quorate.checks import check
from quorate.compared_groups import ComparedGroups
from quorate.errors import DataUnavailableError, InputError
from quorate.populations.compas import FEATURES, LABEL
from quorate.populations.tables.table_files import standardised
from quorate.table import Column, Split, Table

BANK = "age;job;balance;y\n" + "".join(
    f"{20 + i};{('cook', 'unknown')[i % 2]};{i * i};{'yes' if i % 4 == 0 else 'no'}\n"
    for i in range(12)
)
# Fifteen columns without a header; the test part begins with a remark and ends labels in a stop.
ADULT = (
    "39, {work}, 100, Bachelors, 13, Divorced, Sales, Wife, White, Female, 0, 0, 40, Cuba, <=50K{s}"
    "\n50, ?, 300, Masters, 14, Divorced, Sales, Wife, Black, Male, 0, 0, 13, Peru, >50K{s}\n"
)
# Twelve who are kept, and six who are not: a column twice, as in the file that is published.
KEPT = [
    (f"{20 + i}", "Male" if i % 2 else "Female", ("Asian", "Other", "Caucasian")[i % 3], f"{i % 2}")
    for i in range(12)
]
COMPAS = (
    "sex,age,race,juv_fel_count,decile_score,juv_misd_count,juv_other_count,priors_count,"
    "days_b_screening_arrest,c_charge_degree,is_recid,decile_score,score_text,two_year_recid\n"
    + "".join(
        f"{sex},{age},{race},0,{days},1,0,{priors},{days},F,{y},7,Low,{y}\n"
        for (age, sex, race, y), days, priors in zip(
            KEPT, [-30, 30, *range(10)], range(12), strict=True
        )
    )
    + "Male,90,Other,0,1,0,0,1,-31,F,0,1,Low,0\n"  # screened more than 30 days after the arrest,
    + "Male,91,Other,0,1,0,0,1,31,F,0,1,Low,0\n"  # before it,
    + "Male,92,Other,0,1,0,0,1,,F,0,1,Low,0\n"  # or without one
    + "Male,93,Other,0,1,0,0,1,0,F,-1,1,Low,0\n"  # no case found
    + "Male,94,Other,0,1,0,0,1,0,O,0,1,Low,0\n"  # a traffic offence
    + "Male,95,Other,0,1,0,0,1,0,F,0,1,N/A,0\n"  # not scored
)


def split(text: str, seed: int = 0) -> Split:
    drawn: Split = catalog.build("populations", text).split(np.random.default_rng(seed))
    return drawn


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder tabular: a bank and COMPAS of twelve people, two parts of Adult of two each."""
    folder = tmp_path / "tabular"
    folder.mkdir()
    (folder / "bank-full.csv").write_text(BANK)
    (folder / "compas-scores-two-years.csv").write_text(COMPAS)
    (folder / "adult.data").write_text(ADULT.format(work="Private", s=""))
    remark = "|1x3 Cross validator\n"
    (folder / "adult.test").write_text(remark + ADULT.format(work="State-gov", s=".") + "\n")
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    return folder


def test_a_bank_is_split_at_random(made_up: Path) -> None:
    drawn = split("bank:group=job")
    assert (len(drawn.train), len(drawn.held_out)) == (9, 3)
    assert drawn.train.classes == ("no", "yes")
    assert drawn.train.compared == ComparedGroups(("blue-collar",), (), "yes")
    assert drawn.train.groups == ("cook", "unknown")
    assert [c.name for c in drawn.train.columns] == ["age", "job", "balance"]
    assert sorted(np.rint(years(drawn))) == list(range(20, 32))  # everyone, on one side each
    assert split("bank", 1).held_out.x.tolist() != split("bank", 2).held_out.x.tolist()
    assert len(split("bank:n=4,held_out=0.5").train) == 4
    assert split("bank:n=4,held_out=0.5").train.group is None


def years(drawn: Split) -> np.ndarray:
    """Everyone's age on the scale of the file."""
    age = drawn.train.column("age")
    both = np.concatenate([drawn.train.x, drawn.held_out.x])
    return both[:, age.start] * age.scale + age.mean


def test_adult_keeps_its_official_split(made_up: Path) -> None:
    drawn = split("adult")
    assert drawn.train.classes == drawn.held_out.classes == ("<=50K", ">50K")
    assert drawn.held_out.compared == ComparedGroups(("Female",), (), ">50K")
    assert drawn.train.y.tolist() == drawn.held_out.y.tolist() == [0, 1]
    assert drawn.train.groups == ("Female", "Male")
    assert drawn.train.column("workclass").values == ("?", "Private", "State-gov")
    work = drawn.train.column("workclass")
    assert drawn.train.x[:, work.start : work.stop].tolist() == [[0, 1, 0], [1, 0, 0]]
    assert drawn.held_out.x[:, work.start : work.stop].tolist() == [[0, 0, 1], [1, 0, 0]]
    age = drawn.train.column("age")
    assert (age.mean, age.scale) == (44.5, 5.5)
    assert drawn.train.x[:, age.start].tolist() == [-1, 1]
    assert split("adult:group=race").train.groups == ("Black", "White")
    assert len(split("adult:n=1,held_out=1").held_out) == 1


def test_compas_keeps_the_rows_of_the_analysis_and_none_of_its_scores(made_up: Path) -> None:
    drawn = split("compas")
    assert (len(drawn.train), len(drawn.held_out)) == (9, 3)
    assert sorted(np.rint(years(drawn))) == list(range(20, 32))  # nobody of 90 and more
    assert drawn.train.classes == ("no recidivism", "recidivism")
    of_race = ComparedGroups(("African-American",), ("Caucasian",), "no recidivism")
    assert drawn.train.compared == of_race
    assert drawn.train.groups == ("Asian", "Caucasian", "Other")
    juvenile = ["juv_fel_count", "juv_misd_count", "juv_other_count"]
    names = ["age", "priors_count", *juvenile, "c_charge_degree", "sex", "race"]
    assert [c.name for c in drawn.train.columns] == names
    for part in (drawn.train, drawn.held_out):  # of an even age, nobody was arrested again
        age = part.column("age")
        ages = np.rint(part.x[:, age.start] * age.scale + age.mean)
        assert part.y.tolist() == (ages % 2).tolist()
    assert split("compas:group=sex").train.groups == ("Female", "Male")
    assert split("compas", 1).held_out.x.tolist() != split("compas", 2).held_out.x.tolist()
    assert len(split("compas:n=4,held_out=0.5").train) == 4


def test_compas_without_the_columns_of_a_filter_keeps_everyone(made_up: Path) -> None:
    file = made_up / "compas-scores-two-years.csv"
    header = ",".join([*FEATURES, LABEL])
    file.write_text(f"{header}\n30,1,0,0,0,F,Male,Other,0\n" + "31,2,0,0,0,M,Male,Asian,1\n" * 2)
    drawn = split("compas")
    assert len(drawn.train) + len(drawn.held_out) == 3


def test_a_file_of_another_schema_is_not_compas(made_up: Path) -> None:
    with pytest.raises(InputError, match=r"known column of .*bank-full\.csv, got 'priors_count'"):
        split(f"compas:path={made_up}/bank-full.csv")


def test_numbers_are_standardised_on_who_is_learned_from() -> None:
    columns = (Column("a", 0, mean=10, scale=2), Column("job", 1, ("x", "z")), Column("b", 3))
    train = np.array([[0, 1, 0, 7], [1, 0, 1, 7]], np.float32)  # a is 10 and 12, b always 7
    held_out = np.array([[3, 1, 0, 9]], np.float32)  # 16 and 9
    y = np.zeros(2, np.int64)
    people = Split(
        Table(train, y, ("no",), columns=columns), Table(held_out, y[:1], ("no",), columns=columns)
    )
    drawn = standardised(people)
    assert drawn.train.x.tolist() == [[-1, 1, 0, 0], [1, 0, 1, 0]]
    assert drawn.held_out.x.tolist() == [[5, 1, 0, 2]]  # (16 − 11)/1 and (9 − 7)/1
    a, job, b = drawn.held_out.columns
    assert (a.mean, a.scale, b.mean, b.scale) == (11, 1, 7, 1)
    assert job == columns[1]
    assert people.train.x[1, 0] == 1  # what came in is left as it is


@pytest.mark.parametrize("name", ["bank", "adult", "compas"])
def test_the_generic_properties_hold(name: str, made_up: Path) -> None:
    assert len(check(catalog.build("populations", name))) >= 8


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("bank:path={folder}/bank-full.csv", ["bank-full.csv"]),
        ("bank:path={folder}", ["bank-full.csv"]),
        ("adult:path={folder}", ["adult.data", "adult.test"]),
        ("compas:path={folder}", ["compas-scores-two-years.csv"]),
    ],
)
def test_files_have_a_fingerprint_that_were_named_or_are_not_as_published(
    text: str, files: list[str], made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = catalog.build("populations", text.partition(":")[0])
    by_name = public.fingerprint()
    monkeypatch.delenv("QUORATE_DATA")
    assert public.fingerprint() is None  # nothing is there, and nothing is fetched
    population = catalog.build("populations", text.format(folder=made_up))
    before = population.fingerprint()
    assert by_name == before  # the copy is made up: none of the published
    assert len(population.split(np.random.default_rng(0)).train) in (2, 9)
    for file in files:
        (made_up / file).write_text((made_up / file).read_text().replace("100", "101") + "\n")
        assert population.fingerprint() != before
        before = population.fingerprint()


@pytest.mark.parametrize(
    ("name", "file", "source"),
    [
        ("bank", "bank-full.csv", r"https://archive\.ics\.uci\.edu/dataset/222/bank\+marketing"),
        ("adult", "adult.data", r"https://archive\.ics\.uci\.edu/dataset/2/adult"),
        (
            "compas",
            "compas-scores-two-years.csv",
            r"https://github\.com/propublica/compas-analysis",
        ),
    ],
)
def test_where_to_get_a_file_that_is_not_there(
    name: str, file: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUORATE_DATA", str(tmp_path))
    place = f"Get it from {source}.* put it into the sub-folder tabular of the folder that QUORATE_"
    with pytest.raises(DataUnavailableError, match=f"the file {file}, got nothing at .*{place}"):
        split(name)
    with pytest.raises(DataUnavailableError, match=f"got nothing at {tmp_path}/none"):
        split(f"{name}:path={tmp_path}/none")
    monkeypatch.delenv("QUORATE_DATA")
    with pytest.raises(DataUnavailableError, match="got no path, and QUORATE_DATA is not set"):
        split(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bank:held_out=1", r"Expected held_out=1 in \(0, 1\)\. Use a fraction such as 0\.25"),
        ("bank:n=10", "Expected n=10 between 1 and the 9 people there are"),
        ("bank:group=jobs", r"known column of .*bank-full\.csv, got 'jobs'\. Did you mean job\?"),
        ("adult:group=sexe", r"known column of .*adult\.data, got 'sexe'\. Did you mean sex\?"),
        ("adult:n=3", "Expected n=3 between 1 and the 2 people there are"),
        ("adult:held_out=0", "Expected held_out=0 between 1 and the 2 people there are"),
        ("compas:held_out=0", r"Expected held_out=0 in \(0, 1\)\. Use a fraction such as 0\.25"),
        ("compas:n=10", "Expected n=10 between 1 and the 9 people there are"),
        ("compas:group=decile_score", r"known column of .*\.csv, got 'decile_score'\."),
    ],
)
def test_a_wrong_parameter_is_answered(text: str, message: str, made_up: Path) -> None:
    with pytest.raises(InputError, match=message):
        split(text)


def test_real_people_of_the_census(quorate_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UCI Adult: counts as published with the data set."""
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    drawn = split("adult")
    assert (len(drawn.train), len(drawn.held_out)) == (32_561, 16_281)
    assert np.bincount(drawn.train.y).tolist() == [24_720, 7_841]
    assert np.bincount(drawn.held_out.y).tolist() == [12_435, 3_846]
    assert drawn.train.group is not None
    assert np.bincount(drawn.train.group).tolist() == [10_771, 21_790]
    # 6 numbers, and 8 alphabets of 9, 16, 7, 15, 6, 5, 2 and 42 values, "?" among them
    assert drawn.train.x.shape[1] == 6 + 102
    assert drawn.train.column("native-country").values[0] == "?"


def test_real_people_of_broward_county(quorate_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """COMPAS: counts as in ProPublica's notebook, of 7,214 rows."""
    monkeypatch.setenv("QUORATE_DATA", str(quorate_data))
    drawn = split("compas")
    assert (len(drawn.train), len(drawn.held_out)) == (6_172 - 1_543, 1_543)
    both = np.concatenate([drawn.train.y, drawn.held_out.y])
    assert np.bincount(both).tolist() == [3_363, 2_809]
    groups = [part.group for part in (drawn.train, drawn.held_out) if part.group is not None]
    assert drawn.train.groups == (
        "African-American",
        "Asian",
        "Caucasian",
        "Hispanic",
        "Native American",
        "Other",
    )
    assert np.bincount(np.concatenate(groups)).tolist() == [3_175, 31, 2_103, 509, 11, 343]
    assert drawn.train.x.shape[1] == 5 + 2 + 2 + 6
