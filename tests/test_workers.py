import threading
import time

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from tgsh.runs import n_workers, parallel_map


def test_results_come_in_order_and_jobs_have_one_thread_each():
    before = torch.get_num_threads()

    def job(i):
        return i, torch.get_num_threads(), threading.current_thread() is threading.main_thread()

    assert list(parallel_map(job, range(5), "cpu")) == [(i, 1, False) for i in range(5)]
    assert torch.get_num_threads() == before == n_workers("cpu")
    with_new_thread = []
    thread = threading.Thread(target=lambda: with_new_thread.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert with_new_thread == [before]


def blas_threads():
    # Those of NumPy and SciPy: the library that faiss brings uses OpenMP, whose setting is that of each thread.
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {pool["num_threads"] for pool in pools if pool.get("threading_layer") != "openmp"}


def test_a_product_of_numpy_uses_one_thread_of_a_job():
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        assert list(parallel_map(lambda i: blas_threads(), range(2), "cpu")) == [{1}, {1}]
        assert list(parallel_map(lambda i: [*parallel_map(lambda j: blas_threads(), range(2), "cpu")], range(2), "cpu"))
        assert blas_threads() == {2}


def test_jobs_run_at_the_same_time():
    if n_workers("cpu") < 2:
        pytest.skip("one core")
    meeting = threading.Barrier(2, timeout=10)
    assert len(list(parallel_map(lambda i: meeting.wait(), range(2), "cpu"))) == 2


def test_no_more_at_once_than_asked_for():
    running = threading.Semaphore(1)

    def job(i):
        alone = running.acquire(blocking=False)
        time.sleep(0.01)
        running.release()
        return alone

    assert all(parallel_map(job, range(5), "cpu", at_most=1))


def test_a_job_that_raises_stops_the_rest():
    begun = []

    def job(i):
        begun.append(i)
        if i == 0:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(parallel_map(job, range(1000), "cpu"))
    assert len(begun) < 1000
