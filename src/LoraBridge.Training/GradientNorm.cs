using System.Numerics.Tensors;

namespace LoraBridge.Training;

/// <summary>The length of all gradients together, and clipping by it. Pascanu et al., <see href="https://arxiv.org/abs/1211.5063"/>.</summary>
internal static class GradientNorm
{
    /// <summary>√Σ (c g)², with the c of each parameter by <paramref name="gainOf"/>.</summary>
    public static double Of(IEnumerable<TrainableTensor> parameters, Func<TrainableTensor, float> gainOf)
    {
        var sum = 0.0;
        foreach (var parameter in parameters)
        {
            var gain = (double)gainOf(parameter);
            // F32 sums of long vectors lose digits, so pieces are added up in double precision.
            ReadOnlySpan<float> gradients = parameter.ReadGradients();
            for (var at = 0; at < gradients.Length; at += 4096)
                sum += gain * gain * TensorPrimitives.SumOfSquares(gradients.Slice(at, Math.Min(4096, gradients.Length - at)));
        }
        return Math.Sqrt(sum);
    }

    /// <summary>The factor that brings gradients of length <paramref name="norm"/> down to <paramref name="maximum"/>; 0 means no maximum.</summary>
    public static float ClippingFactor(double norm, double maximum) => maximum > 0 && norm > maximum ? (float)(maximum / norm) : 1;
}
