using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>Where a model is kept and computed.</summary>
public sealed record DeviceConfiguration
{
    private readonly int? _gpuLayers;
    private readonly int _threads = ProcessorInfo.DefaultThreadCount;

    /// <summary>
    /// The backend. One that is named is used, or loading fails with the reason; <see cref="ComputeBackend.Auto"/> may fall back to the CPU.
    /// </summary>
    public ComputeBackend Backend { get; init; } = ComputeBackend.Auto;

    /// <summary>Layers kept on the GPU; null keeps all there. Lower it when the model does not fit. The CPU backend ignores it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public int? GpuLayers
    {
        get => _gpuLayers;
        init
        {
            if (value is { } layers)
                ArgumentOutOfRangeException.ThrowIfNegative(layers);
            _gpuLayers = value;
        }
    }

    /// <summary>
    /// Threads of computations on the CPU: by default the physical cores this process may use. More than that makes everything
    /// slower by orders of magnitude, because waiting threads spin.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is not 1 to 512.</exception>
    public int Threads
    {
        get => _threads;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 512);
            _threads = value;
        }
    }
}
