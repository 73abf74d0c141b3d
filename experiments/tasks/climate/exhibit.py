"""What is shown of a climate emulator when its training has ended: metrics of the test, and the last map."""

import numpy as np

from emulator.errors import TaskError
from experiments.models.model import Model
from experiments.tasks.climate.maps import MapRmse, quality_of
from experiments.tasks.climate.ridge import ridge
from experiments.tasks.exhibits import Exhibit
from experiments.tasks.task import Task

__all__ = ["map_exhibit"]


def map_exhibit(task: Task, model: Model) -> Exhibit:
    """Return the model's metrics on the test years beside ridge regression's, and the last year's maps in kelvin.

    Raises ``TaskError`` when the task is not judged by maps.
    """
    metric = task.metric
    if not isinstance(metric, MapRmse):
        raise TaskError(
            f"task '{task.name}': it has no maps to show; allowed: a task that is judged by rmse_k"
        )
    outputs = model.answers(task.x_test)
    found = quality_of(metric, outputs, task.y_test)
    of_maps, places = metric.of_maps, metric.places
    regressed, penalty = ridge(
        task.x_train, task.y_train, task.x_val, task.x_test, lambda maps: of_maps.of_arrays(maps, task.y_val)
    )
    beside = quality_of(of_maps, regressed, task.y_test)
    predicted = places.maps(outputs)
    size = (len(places.lat_deg), len(places.lon_deg))
    last = [metric.unit_k * maps[-1].astype(np.float64).reshape(size) for maps in (task.y_test, predicted)]
    return Exhibit(
        metrics={
            "map_error_k": found.error_k,
            "map_nrmse_s": found.nrmse_s,
            "map_nrmse_g": found.nrmse_g,
            "ridge_rmse_k": beside.rmse_k,
            "ridge_nrmse_s": beside.nrmse_s,
            "ridge_nrmse_g": beside.nrmse_g,
            "ridge_penalty": penalty,
        },
        states={
            "map_truth": (last[0], "K"),
            "map_predicted": (last[1], "K"),
            "map_lat": (places.lat_deg, "deg"),
            "map_lon": (places.lon_deg, "deg"),
        },
    )
