"""Ray on a busy machine: it gets a second go, and leaves nothing behind."""

import pytest

from road_clarity.evaluation.units.ray_worker import join


class Node:
    """Of a cluster that does not come up."""

    def __init__(self, ended):
        self.ended = ended
        raise Exception("The current node timed out during startup.")

    def kill_all_processes(self, check_alive, wait):
        self.ended.append((check_alive, wait))


class Ray:
    def __init__(self, fails):
        self.fails, self.asked, self.ended = fails, 0, []

    def init(self, **where):
        self.asked += 1
        if self.asked <= self.fails:
            Node(self.ended)


def test_ray_that_came_up_too_slowly_gets_a_second_go():
    ray = Ray(fails=1)
    join(ray, {"address": "local"})
    assert (ray.asked, ray.ended) == (2, [(False, True)])


def test_ray_that_is_too_slow_twice_is_given_up():
    ray = Ray(fails=2)
    with pytest.raises(RuntimeError, match="timed out during startup"):
        join(ray, {"address": "local"})
    assert (ray.asked, ray.ended) == (2, [(False, True)] * 2)


def test_any_other_refusal_is_final():
    class Refusing(Ray):
        def init(self, **where):
            self.asked += 1
            raise ConnectionError("no such cluster")

    ray = Refusing(fails=0)
    with pytest.raises(ConnectionError, match="no such cluster"):
        join(ray, {"address": "10.0.0.1:6379"})
    assert ray.asked == 1
