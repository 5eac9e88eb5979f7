using LoraBridge.Model;
using LoraBridge.Training;

namespace LoraBridge.Finetuning.Runs;

/// <summary>Where memory is spent for speed.</summary>
internal static class MemoryPlan
{
    /// <summary>The part of the machine's memory that one such choice may take: a training is rarely all that a machine does.</summary>
    private const int Share = 16;

    /// <summary>The part of what is free on a device that copies of weights may take there.</summary>
    private const int DeviceShare = 4;

    /// <summary>Bytes of a weight in BF16.</summary>
    private const int BytesOfCopy = 2;

    private static long Budget => DeviceMemory.Available([]) / Share;

    /// <exception cref="InsufficientMemoryException">The machine, or what this process may use of it, has less.</exception>
    public static void Require(TrainingMemory needed)
    {
        // A limit that is set for the runtime says what the process is to take.
        var available = Math.Min(DeviceMemory.Available([]), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        if (needed.Total > available)
            throw new InsufficientMemoryException(
                $"Training needs {needed.Total >> 20} MiB ({needed.Model >> 20} for the model, {needed.Adapter >> 20} for the adapter, "
                + $"{needed.Working >> 20} for intermediate results, {needed.Process >> 20} in use before), but there are {available >> 20}. "
                + $"Lower {nameof(LoraTrainingParameters.ContextLength)} or {nameof(LoraTrainingParameters.Rank)}.");
    }

    /// <param name="needed">Bytes that a training takes on devices.</param>
    /// <param name="free">Bytes that are free there.</param>
    /// <param name="name">The devices.</param>
    /// <exception cref="InsufficientMemoryException">That is less.</exception>
    public static void RequireOnDevice(long needed, long free, string name)
    {
        if (needed > free)
            throw new InsufficientMemoryException(
                $"Training needs {needed >> 20} MiB on {name} beside the model, but {free >> 20} are free there. Lower "
                + $"{nameof(LoraTrainingParameters.ContextLength)}, keep fewer layers there ({nameof(DeviceConfiguration)}.{nameof(DeviceConfiguration.GpuLayers)}, --gpu-layers), or train on the CPU.");
    }

    /// <summary>
    /// The precision, and what is kept for it. What decides numbers goes by the parameters and the memory of the machine, so that one machine always chooses
    /// alike; layers, which give the same bits kept or computed again, may take half of what is free.
    /// </summary>
    public static TrainingGraphShape Choose(LM model, LoraTrainingParameters parameters, TrainingPlace place, TrainingGraphShape shape)
    {
        return shape with
        {
            Precision = parameters.Precision,
            KeepBudget = (place.IsDevice ? DeviceMemory.Available(place.Devices) : DeviceMemory.FreeNow()) / 2,
            Recompute = parameters.Recompute switch
            {
                AutoSwitch.Always => true,
                AutoSwitch.Never => false,
                _ => null,
            },
            CachesTransposed = CachesTransposed(model, place, parameters),
            KeepsCopies = place.Devices.Count == 1 && parameters.CacheTransposed switch
            {
                AutoSwitch.Always => true,
                AutoSwitch.Never => false,
                _ => FitCopies(model.ParameterCount, DeviceMemory.Available(place.Devices)),
            },
        };
    }

    /// <summary>Whether copies of so many weights are a small part of what is free on a device.</summary>
    internal static bool FitCopies(long weights, long free) => BytesOfCopy * weights <= free / DeviceShare;

    /// <summary>Whether a copy of the weights is kept for the gradients: that decides how they are rounded.</summary>
    public static bool CachesTransposed(LM model, TrainingPlace place, LoraTrainingParameters parameters) =>
        parameters.Precision == TrainingPrecision.Fast && !place.IsDevice && parameters.CacheTransposed switch
        {
            AutoSwitch.Always => true,
            AutoSwitch.Never => false,
            _ => model.ParameterCount <= Budget,
        };
}
