using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.Training;
using LoraBridge.Training.Verification;

namespace LoraBridge.Finetuning;

/// <summary>
/// Checks for any model that training is correct: the training graph computes what llama.cpp's inference computes, and the gradients
/// are the slopes of the loss that inference gives with the adapter loaded by its own loader.
/// </summary>
public static class GradientCheck
{
    /// <summary>Checks a model file.</summary>
    /// <param name="modelPath">GGUF model.</param>
    /// <param name="options">How closely to look; null takes the defaults.</param>
    /// <param name="progress">Receives what is being compared, on the calling thread.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <exception cref="ArgumentException">The path is blank, or the targets choose nothing.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no valid model.</exception>
    /// <exception cref="NotSupportedException">An operation of the model has no gradient rule; the message names it.</exception>
    /// <exception cref="NativeException">The backend that was asked for is not available.</exception>
    /// <exception cref="IOException">The model is quantised, and there is no room for its F32 copy in the folder for temporary files.</exception>
    public static GradientCheckResult Run(
        string modelPath, GradientCheckOptions? options = null, IProgress<OperationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Run(modelPath, options ?? new GradientCheckOptions(), progress is null ? null : new Stages(progress), cancellationToken);

    /// <summary><see cref="Run(string, GradientCheckOptions?, IProgress{OperationProgress}?, CancellationToken)"/> on another thread.</summary>
    /// <inheritdoc cref="Run(string, GradientCheckOptions?, IProgress{OperationProgress}?, CancellationToken)"/>
    public static Task<GradientCheckResult> RunAsync(
        string modelPath, GradientCheckOptions? options = null, IProgress<OperationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Run(modelPath, options, progress, cancellationToken), cancellationToken);

    private static GradientCheckResult Run(
        string modelPath, GradientCheckOptions options, Stages? progress, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextLength, 4, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rank, 1, nameof(options));
        using var files = ModelLoader.Open(modelPath);
        var quantized = files.Tensors.Any(tensor => tensor.Info.Type != GgmlType.F32);
        if (!quantized)
            return Check(files, null, options, progress, cancellationToken);

        // Inference through quantised weights rounds activations to 8 bits: its loss is too rough for finite differences. They are
        // taken on the same weights in F32, and the gradients through the quantised ones compared with those.
        progress?.Report("writing an F32 copy of the weights");
        using var folder = new ScratchFolder();
        var path = folder["f32.gguf"];
        DequantizedModel.Write(files, path, cancellationToken);
        using var reference = ModelLoader.Open(path);
        return Check(reference, files, options, progress, cancellationToken);
    }

    private static GradientCheckResult Check(
        GgufModelFiles exact, GgufModelFiles? quantized, GradientCheckOptions options, IProgress<string>? progress,
        CancellationToken cancellationToken)
    {
        var architecture = exact.Metadata.GetString("general.architecture");
        var threads = options.Threads ?? ProcessorInfo.DefaultThreadCount;
        var blueprint = TargetSelection.Choose(
            architecture, exact.Tensors.Select(tensor => tensor.Info), options.TargetModules, _ => options.Rank, 2 * options.Rank);
        using var model = Load(exact, cancellationToken);
        using var engine = new ComputeEngine(threads);
        var row = TrainingRow.Random(model, options.ContextLength, options.Seed);

        progress?.Report("comparing logits with inference");
        var nmse = UnsupportedModel.Named(architecture, () => ForwardParity.Measure(model, engine, row.Tokens, threads));
        using var check = new AdapterGradientCheck(model, blueprint, row, engine, threads, options.Seed);
        var gradients = check.Gradients();
        string[] zeros = [.. gradients.Where(pair => DirectionalDerivative.Dot(pair.Value, pair.Value) == 0).Select(pair => pair.Key)];
        var (cosine, distance) = (1.0, 0.0);
        IReadOnlyList<DeviceFallback> fallbacks = [];
        var devices = options.Device is { } device && device.GpuLayers != 0 ? Model.Backends.Select(device.Backend).Devices : [];
        if (quantized is not null || options.Precision != TrainingPrecision.Exact || devices.Count > 0)
        {
            progress?.Report("comparing gradients with exact ones");
            using var rough = Load(quantized ?? exact, cancellationToken);
            using var loaded = devices.Count > 0
                ? ModelLoader.Load(
                    quantized ?? exact, new NativeLoadOptions { Devices = devices, GpuLayers = options.Device!.GpuLayers, UseExtraBuffers = false },
                    cancellationToken: cancellationToken)
                : null;
            using var there = loaded is null ? null : TrainingPlace.Open(loaded, quantized ?? exact, devices, threads);
            using var roughCheck = new AdapterGradientCheck(rough, blueprint, row, there ?? engine, threads, options.Seed, options.Precision);
            (cosine, distance) = Compare(gradients, roughCheck.Gradients());
            fallbacks = DeviceNodes.Fallbacks(roughCheck.OnHost);
        }
        var tensors = check.MeasureTensors(options.MaximumTensors, zeros, progress, cancellationToken);
        return new GradientCheckResult(architecture, nmse, tensors, cosine, distance, zeros, check.UnusedTargets, check.Tolerance)
        {
            Precision = options.Precision,
            Device = DeviceNodes.NameOf(devices),
            FallbackNodes = fallbacks,
        };
    }

    private static LlamaModelHandle Load(GgufModelFiles files, CancellationToken cancellationToken) =>
        ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, null, cancellationToken);

    private static (double Cosine, double Distance) Compare(
        IReadOnlyDictionary<string, float[]> exact, IReadOnlyDictionary<string, float[]> rough)
    {
        var (cosine, distance) = (1.0, 0.0);
        foreach (var (name, a) in exact)
        {
            var b = rough[name];
            var (aa, bb, ab) = (DirectionalDerivative.Dot(a, a), DirectionalDerivative.Dot(b, b), DirectionalDerivative.Dot(a, b));
            if (aa == 0 || bb == 0)
                continue;
            cosine = Math.Min(cosine, ab / Math.Sqrt(aa * bb));
            distance = Math.Max(distance, Math.Sqrt(Math.Max(0, aa + bb - 2 * ab) / aa));
        }
        return (cosine, distance);
    }

    /// <summary>Passes on what the check says it is doing.</summary>
    private sealed class Stages(IProgress<OperationProgress> target) : IProgress<string>
    {
        public void Report(string value) => target.Report(new OperationProgress(value));
    }
}
