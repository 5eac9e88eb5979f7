namespace LoraBridge.Training;

/// <summary>
/// Where parameters lie in memory that has a number for each of their elements: one behind the other in a few large tensors, so that what is done to all of
/// them is a few operations. B lie behind all A, for they may learn at rates of their own.
/// </summary>
internal sealed class ParameterLayout
{
    /// <summary>Each parameter starts at a multiple of this: 256 bytes, the most that a device asks for.</summary>
    public const int Alignment = 64;

    /// <summary>Elements of a tensor: 64 MiB. A parameter that is larger has one by itself.</summary>
    private const long MostElements = 1 << 24;

    private readonly (int Block, long Start)[] _places;
    private readonly List<long> _sizes = [];

    public ParameterLayout(IReadOnlyList<TrainableTensor> parameters, long mostElements = MostElements)
    {
        Order = [.. Enumerable.Range(0, parameters.Count).OrderBy(i => parameters[i].Name.EndsWith(LoraPair.BSuffix, StringComparison.Ordinal))];
        Extents = [.. parameters.Select(parameter => (parameter.Shape.Count + Alignment - 1) / Alignment * Alignment)];
        _places = new (int, long)[parameters.Count];
        foreach (var parameter in Order)
        {
            if (_sizes.Count == 0 || _sizes[^1] + Extents[parameter] > mostElements)
                _sizes.Add(0);
            _places[parameter] = (_sizes.Count - 1, _sizes[^1]);
            _sizes[^1] += Extents[parameter];
        }
    }

    /// <summary>The parameters in the order they lie in.</summary>
    public IReadOnlyList<int> Order { get; }

    /// <summary>The elements that a parameter takes, with those up to the next one.</summary>
    public IReadOnlyList<long> Extents { get; }

    /// <summary>The elements of each tensor.</summary>
    public IReadOnlyList<long> BlockSizes => _sizes;

    /// <summary>The tensor that a parameter lies in, and the element that it starts at.</summary>
    public (int Block, long Start) this[int parameter] => _places[parameter];

    /// <summary>Bytes of all tensors.</summary>
    public long Bytes => sizeof(float) * _sizes.Sum();
}
