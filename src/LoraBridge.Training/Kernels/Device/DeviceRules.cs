using LoraBridge.Native;
using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Gradient rules made of ggml's own operations, so that devices can compute them. Where there is none, the rule of the CPU is: what it is made of
/// that no device can compute, managed kernels among that, the CPU computes, on copies of what it needs.
/// </summary>
internal sealed class DeviceRules : IGradientRules
{
    private readonly Dictionary<GgmlOp, (GradientRule Backward, Func<TensorPtr, bool> Takes)> _rules;

    /// <param name="products">How products are computed.</param>
    /// <param name="supports">Whether a device can compute an operation; where it cannot, those with a gradient operation of ggml's are composed.</param>
    /// <param name="areDistinct">Whether no index among these, a leaf, is there twice; null if that is not known of any.</param>
    public DeviceRules(DeviceProducts products, Func<TensorPtr, bool> supports, Func<TensorPtr, bool>? areDistinct = null)
    {
        var rows = new DeviceRows(areDistinct ?? (_ => false));
        var norms = new DeviceNorms(supports);
        var softMax = new DeviceSoftMax(supports);
        _rules = new Dictionary<GgmlOp, (GradientRule Backward, Func<TensorPtr, bool> Takes)>
        {
            [GgmlOp.Clamp] = (DeviceFunctions.Clamp, Any),
            [GgmlOp.Cos] = (DeviceFunctions.Cos, Any),
            [GgmlOp.Cumsum] = (DeviceRows.CumSum, Any),
            [GgmlOp.GetRows] = (rows.GetRows, rows.TakesGetRows),
            [GgmlOp.Glu] = (DeviceFunctions.Glu, DeviceFunctions.TakesGlu),
            [GgmlOp.L2Norm] = (DeviceNorms.L2Norm, Any),
            [GgmlOp.LeakyRelu] = (DeviceFunctions.LeakyRelu, Any),
            [GgmlOp.MulMat] = (products.MulMat, DeviceProducts.TakesMulMat),
            [GgmlOp.MulMatId] = (products.MulMatId, DeviceProducts.TakesMulMatId),
            [GgmlOp.Norm] = (DeviceNorms.Norm, Any),
            [GgmlOp.RmsNorm] = (norms.RmsNorm, Any),
            [GgmlOp.Sin] = (DeviceFunctions.Sin, Any),
            [GgmlOp.SoftMax] = (softMax.Backward, Any),
            [GgmlOp.Unary] = (DeviceFunctions.Unary, DeviceFunctions.TakesUnary),
        };
    }

    /// <summary>Operations that have a rule for devices.</summary>
    public IReadOnlyCollection<GgmlOp> Operations => _rules.Keys;

    public GradientRule? For(TensorPtr y) => _rules.TryGetValue(y.Op, out var rule) && rule.Takes(y) ? rule.Backward : null;

    /// <summary>Of a rule that covers an operation with whatever arguments and parameters.</summary>
    private static bool Any(TensorPtr y) => true;
}
