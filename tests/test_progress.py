from tgsh.runs import track


def test_progress_passes_items_on_and_leaves_no_debris(capsys):
    assert list(track([1, 2, 3], "counting")) == [1, 2, 3]
    assert list(track([], "nothing")) == []
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
