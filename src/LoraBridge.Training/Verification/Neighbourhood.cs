namespace LoraBridge.Training.Verification;

/// <summary>
/// Points near the one that tensors are at, to average a function over. A table of F16 values makes the loss a staircase, whose
/// slope is hidden where it is small; the steps lie elsewhere at each of the points and average out, and the slope remains.
/// </summary>
internal sealed class Neighbourhood
{
    /// <summary>How far each tensor is turned: enough to move activations by many steps of F16, but hardly the slope.</summary>
    private const double Angle = 0.1;

    private readonly IReadOnlyList<TrainableTensor> _tensors;
    private readonly float[][] _center;
    private readonly float[][][] _points;

    public Neighbourhood(IReadOnlyList<TrainableTensor> tensors, int points, SeededRandom random)
    {
        _tensors = tensors;
        _center = [.. tensors.Select(tensor => tensor.ReadValues().ToArray())];
        _points = [.. Enumerable.Range(0, points).Select(_ => _center.Select(values => Turn(values, random)).ToArray())];
    }

    /// <summary>The mean of what <paramref name="function"/> gives at the points. <paramref name="varied"/> stays as it is; all others come back to where they were.</summary>
    public double Average(TrainableTensor varied, Func<double> function)
    {
        var sum = 0.0;
        foreach (var point in _points)
        {
            Move(point, varied);
            sum += function();
        }
        Move(_center, varied);
        return sum / _points.Length;
    }

    private void Move(float[][] point, TrainableTensor varied)
    {
        foreach (var (tensor, values) in _tensors.Zip(point))
            if (tensor != varied)
                values.CopyTo(tensor.EditValues());
    }

    private static float[] Turn(float[] values, SeededRandom random)
    {
        var length = Math.Sqrt(DirectionalDerivative.Dot(values, values));
        if (length == 0)
            return values;
        var direction = DirectionalDerivative.Choose(values, new float[values.Length], random);
        var (sin, cos) = Math.SinCos(Angle);
        return [.. values.Select((value, i) => (float)(value * cos + length * direction[i] * sin))];
    }
}
