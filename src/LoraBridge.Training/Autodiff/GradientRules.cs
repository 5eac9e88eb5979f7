using LoraBridge.Native;
using LoraBridge.Training.Autodiff.Ops;

namespace LoraBridge.Training.Autodiff;

/// <summary>The operations that gradients can pass, and the rule of each, in <c>Ops/</c>.</summary>
internal static class GradientRules
{
    private static readonly Dictionary<GgmlOp, IGradientRule> Rules = new()
    {
        [GgmlOp.Acc] = new Acc(),
        [GgmlOp.AddId] = new AddId(),
        [GgmlOp.Add] = new Add(),
        [GgmlOp.Clamp] = new Clamp(),
        [GgmlOp.Concat] = new Concat(),
        [GgmlOp.Cont] = new Copy(),
        [GgmlOp.Cos] = new Cos(),
        [GgmlOp.Cpy] = new Copy(),
        [GgmlOp.Cumsum] = new CumSum(),
        [GgmlOp.Div] = new Div(),
        [GgmlOp.Dsv4HcComb] = new Dsv4HcComb(),
        [GgmlOp.Dsv4HcPost] = new Dsv4HcPost(),
        [GgmlOp.Dsv4HcPre] = new Dsv4HcPre(),
        [GgmlOp.Dup] = new Copy(),
        [GgmlOp.GatedDeltaNet] = new GatedDeltaNet(),
        [GgmlOp.GetRows] = new GetRows(),
        [GgmlOp.Glu] = new Glu(),
        [GgmlOp.L2Norm] = new L2Norm(),
        [GgmlOp.LeakyRelu] = new LeakyRelu(),
        [GgmlOp.Log] = new Log(),
        [GgmlOp.Mean] = new Mean(),
        [GgmlOp.MulMatId] = Linear.OfGgml,
        [GgmlOp.MulMat] = Linear.OfGgml,
        [GgmlOp.Mul] = new Mul(),
        [GgmlOp.Norm] = new Norm(),
        [GgmlOp.Pad] = new Pad(),
        [GgmlOp.Permute] = new View(),
        [GgmlOp.Repeat] = new Repeat(),
        [GgmlOp.Reshape] = new View(),
        [GgmlOp.RmsNorm] = new RmsNorm(),
        [GgmlOp.RopeBack] = new RopeBack(),
        [GgmlOp.Rope] = new Rope(),
        [GgmlOp.Scale] = new Scale(),
        [GgmlOp.SetRows] = new SetRows(),
        [GgmlOp.Sin] = new Sin(),
        [GgmlOp.SoftMax] = new SoftMax(),
        [GgmlOp.Sqr] = new Sqr(),
        [GgmlOp.Sqrt] = new Sqrt(),
        [GgmlOp.SsmConv] = new SsmConv(),
        [GgmlOp.SsmScan] = new SsmScan(),
        [GgmlOp.Sub] = new Sub(),
        [GgmlOp.SumRows] = new SumRows(),
        [GgmlOp.Sum] = new Sum(),
        [GgmlOp.Transpose] = new View(),
        [GgmlOp.Unary] = new Unary(),
        [GgmlOp.View] = new View(),
    };

    /// <summary>Results that do not vary with their arguments in a way that has a gradient: constants, and choices of indices.</summary>
    private static readonly HashSet<GgmlOp> Constants =
        [GgmlOp.None, GgmlOp.Arange, GgmlOp.Argmax, GgmlOp.Argsort, GgmlOp.CountEqual, GgmlOp.Fill, GgmlOp.TopK];

    public static bool IsConstant(GgmlOp op) => Constants.Contains(op);

    public static bool IsSupported(GgmlOp op) => IsConstant(op) || Rules.ContainsKey(op);

    /// <exception cref="NotSupportedException">There is no rule: a wrong gradient is never an answer.</exception>
    public static IGradientRule For(TensorPtr y) => Rules.TryGetValue(y.Op, out var rule)
        ? rule
        : throw new NotSupportedException(
            $"The model computes {(y.Name.Length > 0 ? y.Name : "a tensor")} with {Ggml.ggml_op_desc(y)}, which has no gradient rule.");
}
